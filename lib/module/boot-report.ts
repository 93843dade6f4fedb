import type { Server } from 'node:http';
import type { Logger } from '@nestjs/common';
import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import type { ProtectedServer } from '../adapters/adapter-context.js';
import { readsElsewhere, strategyTraps } from '../authentication/unread-token.js';
import { runsGlobalGuards } from '../guards/global-guards.js';
import type { Strategies } from '../passport/strategies.js';
import type { WsAuthTransport } from '../protocol/transport.js';
import { bootLines, placeOf, type ServedGateway } from './boot-lines.js';
import { watchForLostClients } from './lost-clients.js';
import { gatewayWarnings, globalGuardWarning } from './gateway-warnings.js';
import type { FoundGateway } from './gateway-policies.js';
import { userCheckWarnings } from './user-checks.js';

/** What is known of the application when it has booted. */
export interface BootFacts {
  readonly gateways: readonly FoundGateway[];
  readonly servers: readonly ProtectedServer[];
  /** Those of other packages, which are among the servers too. */
  readonly others: readonly ProtectedServer[];
  readonly strategies: Strategies;
  readonly config: ApplicationConfig;
  readonly modules: ModulesContainer;
  /** A standalone application has none, and neither has a microservice. */
  readonly httpServer: Server | undefined;
  /** Whether Nest has bound gateways. A standalone application serves none. */
  readonly hasBound: boolean;
  readonly transport: WsAuthTransport;
  readonly warnings: readonly string[];
}

const noGateway =
  'no gateway: nothing is protected, and no client can connect; list the class with @WebSocketGateway() among the providers of a ' +
  'module that the application imports';

/** Logs what protects each gateway, and warns of what cannot work. */
export function reportBoot(logger: Logger, facts: BootFacts): void {
  const { httpServer, transport } = facts;
  if (!httpServer && !facts.hasBound) {
    return;
  }
  const served = facts.gateways.map((each) => ({ ...each, policy: policyOf(each, facts) }));
  const others = facts.others.map(({ port, path, context }) => ({
    port,
    path: `${path === '/' ? '' : path}/**`,
    policy: context.policy,
  }));
  const places = [...served, ...others];
  for (const line of bootLines(places)) {
    logger.log(line);
  }
  const warnings = [
    places.length === 0 ? noGateway : undefined,
    ...facts.warnings,
    globalWarning(facts),
    ...(places.some(({ policy }) => policy)
      ? userCheckWarnings(facts.modules, facts.config.getGlobalGuards())
      : []),
    ...served.flatMap(({ gateway, policy }) => gatewayWarnings(gateway, policy)),
    ...(httpServer ? [] : served.flatMap(portWarning)),
    ...places.flatMap((each) => readingWarnings(each, facts)),
  ];
  const isPortUsed = places.length === 0 || places.some(({ port }) => port === 0);
  if (httpServer) {
    watchForLostClients(httpServer, { transport, isPortUsed, places: places.map(placeOf) });
  }
  for (const warning of new Set(warnings)) {
    if (warning !== undefined) {
      logger.warn(warning);
    }
  }
}

function policyOf(
  { port, path, isPublic }: FoundGateway,
  { servers }: BootFacts,
): ServedGateway['policy'] {
  if (isPublic) {
    return undefined;
  }
  return servers.find((each) => each.port === port && each.path === path)?.context.policy;
}

/** A gateway of a microservice, which has no HTTP server that it could share. */
function portWarning({ gateway, port }: FoundGateway): string[] {
  return port === 0
    ? [
        `${gateway.name}: the application has no HTTP server, so that the gateway is on a port that the system chooses; name one: ` +
          '@WebSocketGateway(8080)',
      ]
    : [];
}

/** Nest 11 runs no global guards for gateways. */
function globalWarning({ config, gateways }: BootFacts): string | undefined {
  return runsGlobalGuards()
    ? globalGuardWarning(
        config.getGlobalGuards(),
        gateways.map(({ gateway }) => gateway),
      )
    : undefined;
}

function readingWarnings({ path = '/', policy }: ServedGateway, { strategies }: BootFacts) {
  if (!policy) {
    return [];
  }
  const { strategy, handshakeExtractors, firstMessage } = policy;
  const own = [...handshakeExtractors, firstMessage].flatMap((each) => each?.strategy ?? []);
  return [...new Set([...strategy, ...own])].flatMap((name) => {
    const registered = strategies.find(name);
    if (!registered) {
      return [];
    }
    const extractors = readsElsewhere(name, registered, policy);
    return [
      ...strategyTraps(registered, policy).map((trap) => `strategy: "${name}": ${trap}`),
      ...(extractors ? [elsewhere(name, extractors, path)] : []),
    ];
  });
}

function elsewhere(name: string, extractors: readonly string[], path: string): string {
  return (
    `strategy: "${name}" does not look where ${extractors.join(' and ')} of ${path} puts the credential, so that it refuses ` +
    'every client; let it read the Authorization header (ExtractJwt.fromAuthHeaderAsBearerToken()), or list the extractor ' +
    'of the place that it reads'
  );
}
