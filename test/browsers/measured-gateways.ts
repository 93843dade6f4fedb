import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Injectable, type Type } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { WebSocketGateway } from '@nestjs/websockets';
import { BasicStrategy } from 'passport-http';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
  fromUserInfo,
  WsAuth,
  type WsAuthPolicyOptions,
} from '../../lib/index.js';
import { startGateways, type TestApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { customStrategy, type TestUser } from '../support/strategies.js';

/** Accepts the newest password alone, as a server does with tokens that are good for one connection. */
@Injectable()
export class NewestPasswordStrategy extends PassportStrategy(BasicStrategy, 'basic') {
  newest = '';

  validate(username: string, password: string): TestUser | false {
    return password === this.newest && { id: username };
  }
}

const HangingStrategy = customStrategy('hanging', () => new Promise(() => undefined));

/** The pages of the measurements: by one name on the site of the gateways, by the other on another site. */
const loopbackPages = /^http:\/\/(?:localhost|127\.0\.0\.1):\d+$/;

/** A gateway of a path of its own, so that what a browser remembers of one does not reach another. */
export function gateway(path: string, policy: WsAuthPolicyOptions): Type<EchoGateway> {
  @WsAuth({ allowedOrigins: loopbackPages, ...policy })
  @WebSocketGateway({ path })
  class MeasuredGateway extends EchoGateway {}
  return MeasuredGateway;
}

function gateways(parentOrigins: readonly string[]): Type<EchoGateway>[] {
  const bridge = { path: '/cookie/bridge', parentOrigins };
  const crossBridge = { path: '/cross-cookie/bridge', parentOrigins, crossSite: true };
  return [
    gateway('/first-message', { credentials: [fromFirstMessage()] }),
    gateway('/query', { credentials: [fromQueryParam('token')] }),
    gateway('/subprotocol', { credentials: [fromSubprotocol()] }),
    gateway('/cookie', { credentials: [fromCookie('token', { bridge })] }),
    gateway('/cross-cookie', { credentials: [fromCookie('token', { bridge: crossBridge })] }),
    gateway('/user-info', { credentials: [fromUserInfo()] }),
    gateway('/basic', { credentials: [fromAuthorizationHeader()], strategy: 'basic' }),
    ...(['http', 'auto'] as const).flatMap((rejection) => [
      gateway(`/${rejection}/token`, { credentials: [fromSubprotocol()], rejection }),
      gateway(`/${rejection}/origin`, {
        credentials: [fromSubprotocol()],
        allowedOrigins: 'https://nobody.example',
        rejection,
      }),
      gateway(`/${rejection}/late`, {
        credentials: [fromSubprotocol()],
        strategy: 'hanging',
        authTimeoutMs: 50,
        rejection,
      }),
    ]),
  ];
}

/** The gateways of the measurements, and a server of empty pages on another origin. */
export class MeasuredGateways implements AsyncDisposable {
  private constructor(
    private readonly app: TestApp,
    private readonly pages: Server,
  ) {}

  static async start(): Promise<MeasuredGateways> {
    const pages = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end('<!doctype html><title>A page</title>');
    });
    pages.listen(0, '127.0.0.1');
    await once(pages, 'listening');
    const { port } = pages.address() as AddressInfo;
    const origins = [`http://localhost:${port}`, `http://127.0.0.1:${port}`];
    const app = await startGateways({}, [
      NewestPasswordStrategy,
      HangingStrategy,
      ...gateways(origins),
    ]);
    return new MeasuredGateways(app, pages);
  }

  /** A page on the site of the gateways, or on another one. */
  page(site: 'same' | 'other'): string {
    const { port } = this.pages.address() as AddressInfo;
    return `http://${site === 'same' ? 'localhost' : '127.0.0.1'}:${port}/`;
  }

  /** The address of a gateway or of a bridge, on the site `localhost`. */
  address(path: string, { scheme = 'ws', userInfo = '' } = {}): string {
    return `${scheme}://${userInfo ? `${userInfo}@` : ''}localhost:${this.app.port}${path}`;
  }

  get passwords(): NewestPasswordStrategy {
    return this.app.nest.get(NewestPasswordStrategy);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.pages.closeAllConnections();
    this.pages.close();
    await this.app[Symbol.asyncDispose]();
  }
}
