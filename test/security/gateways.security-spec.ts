import { Module, type Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { WebSocketGateway } from '@nestjs/websockets';
import { GATEWAY_METADATA, GATEWAY_OPTIONS, PORT_METADATA } from '@nestjs/websockets/constants.js';
import { expect } from 'vitest';
import { fromAuthorizationHeader, fromQueryParam, WsAuth } from '../../lib/index.js';
import { freePort } from '../support/app.js';
import { challengesOf, securityCase, WitnessGateway, type Lab } from '../support/invariants.js';
import { HttpBasicStrategy } from '../support/strategies.js';

/** Where a registered gateway listens. */
interface Registered {
  readonly name: string;
  readonly port: number;
  readonly target: string;
}

function gateway(port: number, path?: string): Type<WitnessGateway> {
  @WebSocketGateway(port, path === undefined ? {} : { path })
  class WalkedGateway extends WitnessGateway {}
  return WalkedGateway;
}

/** Every gateway that Nest knows, wherever it is registered. */
function registered(lab: Lab): Registered[] {
  const found: Registered[] = [];
  for (const module of lab.app.nest.get(ModulesContainer, { strict: false }).values()) {
    for (const { metatype } of module.providers.values()) {
      if (typeof metatype === 'function' && Reflect.hasMetadata(GATEWAY_METADATA, metatype)) {
        const { path = '' } = Reflect.getMetadata(GATEWAY_OPTIONS, metatype) as { path?: string };
        const port = Reflect.getMetadata(PORT_METADATA, metatype) as number;
        const target = `/${path.replace(/^\/+|\/+$/g, '')}`;
        found.push({ name: metatype.name, port: port === 0 ? lab.port : port, target });
      }
    }
  }
  return found;
}

securityCase(
  'every registered gateway answers 401 without credentials, wherever it lives',
  async (lab) => {
    const [first, second] = [await freePort(), await freePort()];
    const basic = gateway(0, '/basic');
    WsAuth({ strategy: 'basic', credentials: [fromAuthorizationHeader()] })(basic);
    const query = gateway(0, '/query');
    WsAuth({ credentials: [fromQueryParam('token')] })(query);
    const inModule = [gateway(0, 'nested/path'), gateway(second, '/own'), gateway(0, '/chat/')];
    const deeper = gateway(second, '/deeper');

    @Module({ providers: [deeper] })
    class DeeperModule {}

    @Module({ imports: [DeeperModule], providers: inModule, exports: inModule })
    class ChatModule {}

    const own = [gateway(0), gateway(0, '/ws'), gateway(first), basic, query];
    await lab.start({
      auth: { credentials: [fromAuthorizationHeader()] },
      gateways: own,
      providers: [HttpBasicStrategy],
      imports: [ChatModule],
    });
    const gateways = registered(lab);
    expect(gateways).toHaveLength(own.length + inModule.length + 2);
    for (const { port, target, name } of gateways) {
      const answer = await lab.knock({ target }, port).response();
      expect(answer, `${name} at ${port}${target}`).toMatchObject({
        status: 401,
        body: 'credential required\n',
      });
      expect(challengesOf(answer).length).toBeGreaterThan(0);
      expect((await lab.knock({ target: `${target}x` }, port).response()).status).toBe(
        port === first ? 401 : 404,
      );
    }
    expect(lab.count('authenticated')).toBe(0);
  },
);

securityCase('every registered gateway lets a good client in', async (lab) => {
  const port = await freePort();
  const gateways = [gateway(0), gateway(0, '/ws'), gateway(port), gateway(0, 'nested/path')];
  await lab.start({ auth: { credentials: [fromAuthorizationHeader()] }, gateways });
  for (const { port: at, target } of registered(lab)) {
    const peer = await lab.knock({ target, fields: lab.bearer() }, at).opened();
    expect((await peer.emit('whoami').nextEvent()).data).toMatchObject({ user: 'alice' });
  }
});
