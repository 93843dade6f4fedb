import { describe, expect, it } from 'vitest';
import { authenticateMessage, protocolsWith, urlWith } from '../../../lib/client/own-client.js';
import { sessionMessageIn } from '../../../lib/client/session-message.js';
import { firstMessage, queryParam, subprotocol, userInfo } from '../../../lib/client/way.js';
import { defaultEventNames } from '../../../lib/protocol/message.js';

const url = 'wss://ws.example.com/chat?room=a%20b';

describe('urlWith', () => {
  it('adds the token to the query, and escapes it', () => {
    expect(urlWith('wss://ws.example.com/chat?room=1', 'a+b/c=')).toBe(
      'wss://ws.example.com/chat?room=1&token=a%2Bb%2Fc%3D',
    );
  });

  it('replaces a token that is there, and takes another name', () => {
    expect(urlWith('ws://h/?token=old&x=1', 'new')).toBe('ws://h/?token=new&x=1');
    expect(urlWith(new URL('ws://h/'), 't', 'access_token')).toBe('ws://h/?access_token=t');
  });

  it('throws for a URL that is not absolute', () => {
    expect(() => urlWith('/chat', 't')).toThrow(TypeError);
  });
});

describe('protocolsWith', () => {
  it('puts the token behind the real subprotocols', () => {
    expect(protocolsWith('a.b-c', ['chat', 'soap'])).toEqual(['chat', 'soap', 'bearer.a.b-c']);
    expect(protocolsWith('a.b-c', 'chat', 'token.')).toEqual(['chat', 'token.a.b-c']);
  });

  it('offers a real one where the page names none, since Chromium needs an answer', () => {
    expect(protocolsWith('t')).toEqual(['nestjs-ws-auth', 'bearer.t']);
  });
});

describe('authenticateMessage', () => {
  it('is the message of the protocol', () => {
    expect(authenticateMessage('t')).toBe('{"event":"authenticate","data":{"token":"t"}}');
    expect(authenticateMessage('t', 'login')).toBe('{"event":"login","data":{"token":"t"}}');
  });
});

describe('the ways', () => {
  it('state where they put the token, and what is acknowledged', () => {
    expect(firstMessage().message!('t', 'authenticate')).toBe(authenticateMessage('t'));
    expect(firstMessage().acknowledged).toBe(true);
    expect(firstMessage({ format: 'raw' }).message!('t', 'authenticate')).toBe('t');
    expect(firstMessage({ format: 'raw' }).acknowledged).toBeUndefined();
    expect(subprotocol().protocols!(['chat'], 't')).toEqual(['chat', 'bearer.t']);
    expect(subprotocol('x.').protocols!([], 't')).toEqual(['nestjs-ws-auth', 'x.t']);
    expect(queryParam().url!(url, 't')).toBe('wss://ws.example.com/chat?room=a+b&token=t');
    expect(queryParam('ticket').url!('ws://h/', 't')).toBe('ws://h/?ticket=t');
    expect(userInfo().url!(url, 'a.b')).toBe('wss://a.b:x@ws.example.com/chat?room=a%20b');
    expect(userInfo().url!('ws://old:pw@h/a@b', 'a/$&@')).toBe('ws://a%2F%24%26%40:x@h/a@b');
  });

  it.each(['{"a":1}', 'a/b+c==', 'ünïcode €😀', 'x'])(
    'K7d: write the token %s as unpadded base64url of its bytes if the gateway reads it so',
    (token) => {
      const [, entry] = subprotocol({ encoding: 'base64url' }).protocols!([], token);
      expect(entry).toBe(`bearer.${Buffer.from(token).toString('base64url')}`);
      const prefix = 'base64url.bearer.authorization.k8s.io.';
      const [, own] = subprotocol({ encoding: 'base64url', prefix }).protocols!([], token);
      expect(own).toBe(prefix + Buffer.from(token).toString('base64url'));
    },
  );

  it('K8f: write the token into an entry of its own, behind the one that the gateway reads', () => {
    const plain = subprotocol({ after: 'bearer' });
    expect(plain.protocols!([], 't')).toEqual(['bearer', 't']);
    expect(plain.protocols!(['chat'], 't')).toEqual(['chat', 'bearer', 't']);
    const encoded = subprotocol({ after: 'bearer', encoding: 'base64url' });
    expect(encoded.protocols!([], 'a:b')).toEqual(['bearer', 'YTpi']);
  });

  it('K7d: write the token as it is behind a prefix', () => {
    expect(subprotocol({ prefix: 'x.' }).protocols!([], 't')).toEqual(['nestjs-ws-auth', 'x.t']);
    expect(subprotocol({ encoding: 'raw' }).protocols!(['a'], 't')).toEqual(['a', 'bearer.t']);
  });
});

const read = (data: unknown) => sessionMessageIn(data, defaultEventNames);

describe('reading messages of the protocol', () => {
  it('reads that a token was accepted, and that the end is near', () => {
    expect(read('{"event":"authenticated","data":{"expiresAt":1}}')).toEqual({
      accepted: true,
      expiresAt: 1,
    });
    expect(read('{"data":{"expiresAt":null},"event":"authenticated"}')).toEqual({
      accepted: true,
      expiresAt: null,
    });
    expect(read('{"event":"expiring","data":{"expiresAt":2}}')).toEqual({
      accepted: false,
      expiresAt: 2,
    });
  });

  it.each([
    '{"event":"chat","data":"authenticated"}',
    'authenticated',
    '',
    new ArrayBuffer(2),
    `{"event":"authenticated","data":"${'x'.repeat(512)}"}`,
  ])('leaves %s to the application', (data) => {
    expect(read(data)).toBeUndefined();
  });

  it('takes other names', () => {
    const names = { ...defaultEventNames, authenticated: 'welcome' };
    const data = '"data":{"expiresAt":1}';
    expect(sessionMessageIn(`{"event":"welcome",${data}}`, names)).toEqual({
      accepted: true,
      expiresAt: 1,
    });
    expect(sessionMessageIn(`{"event":"authenticated",${data}}`, names)).toBeUndefined();
  });
});
