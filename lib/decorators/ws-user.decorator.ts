import {
  createParamDecorator,
  type ExecutionContext,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { isRecord } from '../protocol/message.js';
import type { WsAuthSession } from '../sessions/session.js';
import { sessionIn } from './context-session.js';
import { placeOf } from './ws-auth.decorator.js';

/** Applies pipes to the user, or names one of its fields and applies pipes to that. */
export interface WsUserDecorator {
  (...pipes: readonly (Type<PipeTransform> | PipeTransform)[]): ParameterDecorator;
  /** With the type of the user, `@WsUser<User>('id')`, the compiler refuses names of fields that it does not have. */
  <User extends object = Record<string, unknown>>(
    field: Extract<keyof User, string>,
    ...pipes: readonly (Type<PipeTransform> | PipeTransform)[]
  ): ParameterDecorator;
}

/**
 * Injects the user of the session into a handler, or one field of it. Pipes are applied as to `@MessageBody()`.
 *
 * `null` in an anonymous session, `undefined` in a `@WsPublic()` gateway. It also works in GraphQL resolvers behind `graphqlWs()`.
 *
 * @throws {WsAuthNoSessionError} when a handler is called for a client that this package has not accepted, as in an
 *   application that does not import `WsAuthModule`, and in a resolver that is called over HTTP.
 * @throws {WsAuthConfigurationError} without parentheses, when the class is made.
 *
 * @example
 * ```ts
 * @WebSocketGateway({ path: '/chat' })
 * export class ChatGateway {
 *   @SubscribeMessage('hello')
 *   hello(@WsUser() user: User, @WsUser<User>('id', ParseIntPipe) id: number) {}
 * }
 * ```
 * @publicApi
 */
export const WsUser: WsUserDecorator = called('@WsUser', createParamDecorator(readUser));

/**
 * Injects the session into a handler or a GraphQL resolver; `undefined` in a `@WsPublic()` gateway.
 *
 * @throws {WsAuthNoSessionError} when a handler is called for a client that this package has not accepted.
 * @example
 * ```ts
 * @WebSocketGateway({ path: '/chat' })
 * export class ChatGateway {
 *   @SubscribeMessage('until')
 *   until(@WsSession() { expiresAt }: WsAuthSession) {
 *     return { event: 'until', data: expiresAt };
 *   }
 * }
 * ```
 * @publicApi
 */
export const WsSession: () => ParameterDecorator = called(
  '@WsSession',
  createParamDecorator(readSession),
);

type ParameterDecoratorFactory = (...given: never[]) => ParameterDecorator;

/** Without parentheses a decorator is handed the parameter itself, and would silently inject nothing. */
function called<Factory extends ParameterDecoratorFactory>(
  name: string,
  factory: Factory,
): Factory {
  const checked = (...given: never[]) => {
    const [prototype, member, index] = given as readonly unknown[];
    if (typeof index === 'number') {
      const place = placeOf(prototype as object, member);
      throw new WsAuthConfigurationError(`${name} of ${place}: it is not called; write ${name}()`);
    }
    return factory(...given);
  };
  return checked as Factory;
}

/** The decorator of this package that a parameter has, by the function that Nest keeps of it. @internal */
export function decoratorOfParameter(factory: unknown): string | undefined {
  if (factory === readUser) {
    return '@WsUser';
  }
  return factory === readSession ? '@WsSession' : undefined;
}

function readUser(field: string | undefined, context: ExecutionContext): unknown {
  const user = sessionIn(context, '@WsUser()')?.user;
  if (field === undefined) {
    return user;
  }
  return isRecord(user) ? user[field] : undefined;
}

function readSession(_data: unknown, context: ExecutionContext): WsAuthSession | undefined {
  return sessionIn(context, '@WsSession()');
}
