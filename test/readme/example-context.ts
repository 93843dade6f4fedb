/** What the examples in comments take for granted: the packages that they use, and things of an application. */
import type { INestApplication } from '@nestjs/common';
import { Logger } from '@nestjs/common';
import type { HealthCheckService } from '@nestjs/terminus';
import type {
  CredentialLimits,
  HttpSessionStore,
  WsAuthEvents,
  WsAuthHealth,
  WsAuthSessions,
  WsTickets,
} from '../../lib/index.js';
import type { NodeRedisClient } from '../../lib/redis.js';
import type { OpenStore, OpenTransport } from '../../lib/testing.js';

export { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
export {
  Module,
  NotFoundException,
  ParseIntPipe,
  ServiceUnavailableException,
  UseGuards,
} from '@nestjs/common';
export { GraphQLModule } from '@nestjs/graphql';
export { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
export { createAdapter } from '@socket.io/redis-adapter';
export { createClient } from 'graphql-ws';
export type { IncomingMessage } from 'node:http';
export { mock } from 'node:test';
export type { ServerOptions } from 'socket.io';
export { io } from 'socket.io-client';
export { it, vi } from 'vitest';
export { WebSocket } from 'ws';
export { ChatGateway, JwtStrategy } from './chat.module.js';

export interface User {
  readonly id: number;
}

export interface Member {
  readonly tenant: string;
  readonly name: string;
}

export const logger = new Logger();
export const token = 'a token';
export const ticket = 'a ticket';
export const url = 'wss://api.example.com/chat';
export const sessionId = 'an id';
export const user = { id: 'alice' };
export const code: number = 3000;
export const error: unknown = new Error('of something that was called');
export const newToken = () => Promise.resolve(token);
export const newTicket = () => Promise.resolve(ticket);
export const show = (data: unknown) => logger.log(data);

export declare const app: INestApplication;
export declare const client: object;
export declare const events: WsAuthEvents;
export declare const health: WsAuthHealth;
export declare const jest: { useFakeTimers(options: object): void };
export declare const limits: CredentialLimits;
export declare const location: { assign(url: string): void };
export declare const open: OpenStore & OpenTransport;
export declare const publisher: object;
export declare const redis: NodeRedisClient;
export declare const sessions: WsAuthSessions;
export declare const store: HttpSessionStore;
export declare const subscriber: object;
export declare const terminus: HealthCheckService;
export declare const tickets: WsTickets;
