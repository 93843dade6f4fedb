import type { ExecutionContext } from '@nestjs/common';
import { WsAuthNoSessionError } from '../errors/ws-auth.error.js';
import { isRecord } from '../protocol/message.js';
import { demandSeen, isSeen } from '../sessions/client-session.js';
import type { WsAuthSession } from '../sessions/session.js';

/** Type of an execution context of `@nestjs/graphql`. */
type ContextType = 'graphql' | ReturnType<ExecutionContext['getType']>;

/** Where the arguments of a resolver hold the context of its operation: parent, arguments, context, info. */
const contextIndex = 2;

/** Whether a handler is a resolver of GraphQL. */
export function isGraphql(context: ExecutionContext): boolean {
  return context.getType<ContextType>() === 'graphql';
}

/**
 * The session of the client of a handler or a resolver; `undefined` in a public gateway.
 *
 * @param asking what asks, for the message
 * @throws {WsAuthNoSessionError} for a client that this package has not accepted, and for an operation over HTTP
 */
export function sessionIn(context: ExecutionContext, asking: string): WsAuthSession | undefined {
  if (!isGraphql(context)) {
    return demandSeen(context.switchToWs().getClient<unknown>(), asking);
  }
  const client = graphqlClient(context);
  if (!client) {
    throw new WsAuthNoSessionError(
      `${asking}: this operation did not come through graphqlWs(): it came over HTTP, or its context holds neither "req" nor ` +
        '"extra" of graphql-ws; see lib/guides/graphql.md',
    );
  }
  return demandSeen(client, asking);
}

/** The first object in the context of an operation that belongs to a connection. Each driver and each `context` has its own form. */
export function graphqlClient(context: ExecutionContext): object | undefined {
  const operation: unknown = context.getArgByIndex(contextIndex);
  const { req, request, extra, socket } = fieldsOf(operation);
  const inner = fieldsOf(fieldsOf(req)['extra'] ?? extra);
  const candidates = [operation, req, request, extra, socket, inner['request'], inner['socket']];
  return candidates.find(isSeen);
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}
