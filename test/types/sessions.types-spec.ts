import { describe, expectTypeOf, it } from 'vitest';
import {
  sessionOf,
  userOf,
  WsAuthCloseCode,
  type WsAuthEvents,
  type WsAuthGuard,
  type WsAuthSession,
  type WsAuthSessions,
  type RefusalCode,
  type WsAuthEventMap,
} from 'nestjs-ws-auth';
import type { CanActivate } from '@nestjs/common';

interface User {
  readonly id: string;
}

declare const client: object;

const listen = (events: WsAuthEvents) =>
  events.on('refused', (event) => {
    expectTypeOf(event).toEqualTypeOf<WsAuthEventMap['refused']>();
    expectTypeOf(event.code).toEqualTypeOf<RefusalCode>();
  });

describe('sessionOf', () => {
  it('gives the session of the type of user that is asked for, or nothing', () => {
    expectTypeOf(sessionOf<User>(client)).toEqualTypeOf<WsAuthSession<User> | undefined>();
    expectTypeOf(sessionOf<User | null>(client)?.user).toEqualTypeOf<User | null | undefined>();
  });

  it('claims nothing about a user without a given type', () => {
    expectTypeOf(sessionOf(client)?.user).toBeUnknown();
  });

  it('takes objects alone', () => {
    // @ts-expect-error: the name of a client is not a client
    sessionOf('alice');
  });
});

describe('userOf', () => {
  it('gives the user, never nothing: it throws instead', () => {
    expectTypeOf(userOf<User>(client)).toEqualTypeOf<User>();
    expectTypeOf(userOf(client)).toBeUnknown();
  });
});

describe('WsAuthSession', () => {
  it('may have no end and no key of a user', () => {
    expectTypeOf<WsAuthSession>().toHaveProperty('expiresAt').toEqualTypeOf<number | undefined>();
    expectTypeOf<WsAuthSession>().toHaveProperty('userId').toEqualTypeOf<string | undefined>();
    expectTypeOf<WsAuthSession<User>>().toHaveProperty('user').toEqualTypeOf<User>();
  });

  it('cannot be changed', () => {
    const session = sessionOf<User>(client)!;
    // @ts-expect-error: read only
    session.user = { id: 'mallory' };
  });
});

describe('WsAuthSessions', () => {
  it('returns how many sockets it closed: synchronously, or when other nodes know', () => {
    const sessions = {} as WsAuthSessions;
    const target = { userId: 'alice' };
    const here = () => sessions.disconnect(target, { reason: 'bye' });
    const everywhere = () => sessions.disconnect(target, { scope: 'cluster' });
    expectTypeOf(here).returns.toEqualTypeOf<number>();
    expectTypeOf(everywhere).returns.toEqualTypeOf<Promise<number>>();
    expectTypeOf<WsAuthSessions['revoke']>().returns.toEqualTypeOf<Promise<number>>();
    expectTypeOf<WsAuthSessions>().toExtend<Iterable<WsAuthSession>>();
  });

  it('takes targets that name something', () => {
    type Target = Parameters<WsAuthSessions['revoke']>[0];
    expectTypeOf<{ userId: string }>().toExtend<Target>();
    expectTypeOf<{ sessionId: string }>().toExtend<Target>();
    expectTypeOf<{ tokenId: string }>().toExtend<Target>();
    expectTypeOf<object>().not.toExtend<Target>();
  });
});

describe('WsAuthEvents', () => {
  it('passes the payload of its event to a listener, and accepts no unknown name', () => {
    type Name = Parameters<WsAuthEvents['on']>[0];
    expectTypeOf<Name>().toEqualTypeOf<keyof WsAuthEventMap>();
    expectTypeOf(listen).returns.toEqualTypeOf<() => void>();
  });
});

describe('WsAuthGuard', () => {
  it('is a guard of Nest', () => {
    expectTypeOf<WsAuthGuard>().toExtend<CanActivate>();
  });
});

describe('WsAuthCloseCode', () => {
  it('holds exact codes by name', () => {
    expectTypeOf(WsAuthCloseCode.Unauthorized).toEqualTypeOf<3000>();
    expectTypeOf<3008>().toExtend<WsAuthCloseCode>();
    expectTypeOf<1006>().not.toExtend<WsAuthCloseCode>();
  });
});
