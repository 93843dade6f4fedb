import type { INestApplication } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { Attempt } from '../authentication/attempt.js';
import {
  Authenticator,
  type Decision,
  type UpgradeSubject,
} from '../authentication/authenticator.js';
import { StrategyChain } from '../authentication/strategy-chain.js';
import { Credential } from '../credentials/credential.js';
import type { HandshakeExtractor } from '../credentials/extractor.js';
import { Strategies } from '../passport/strategies.js';
import type { Strategy, StrategyActions } from '../passport/strategy.js';
import type { Policy } from '../policy/policy.js';
import { connectionKey } from './connection-key.js';

/** Whom one connection stands for. */
export interface Grant {
  readonly user: unknown;
  readonly info: unknown;
  readonly strategy: string | undefined;
  readonly extractor: string;
}

/** By the connection that has them. */
type Grants = Map<string, Grant>;

/** Name of the root module that `Test.createTestingModule()` makes. */
const testingRoot = 'RootTestModule';

/**
 * @throws {Error} unless the application was built by `Test.createTestingModule()`, and not in production: a line of a test
 *   that finds its way into the application must open nothing.
 */
export function demandApplicationForTesting(app: INestApplication): void {
  const modules = [...app.get(ModulesContainer).values()];
  if (!modules.some(({ metatype }) => metatype?.name === testingRoot)) {
    throw new Error('connectAs: the application was not built by Test.createTestingModule()');
  }
  if (process.env['NODE_ENV'] === 'production') {
    throw new Error('connectAs: NODE_ENV is production');
  }
}

const entrances = new WeakMap<Authenticator, Grants>();

/**
 * Connections that one gateway lets in without a credential: those that this process has opened itself, once each.
 *
 * It replaces `decide` on this one authenticator of this one application. The classes stay as they are: an application that
 * is not under test has nothing that could be opened.
 */
export function entranceOf(authenticator: Authenticator): Grants {
  const known = entrances.get(authenticator);
  if (known) {
    return known;
  }
  const grants: Grants = new Map();
  const decide = authenticator.decide.bind(authenticator);
  authenticator.decide = (subject, attempt) => {
    const key = connectionKey.ofServer(subject.request.socket);
    const grant = grants.get(key);
    grants.delete(key);
    return grant ? admit(authenticator, grant, subject, attempt) : decide(subject, attempt);
  };
  entrances.set(authenticator, grants);
  return grants;
}

/** Decides as the gateway does, with a strategy that accepts in place of its own. */
function admit(
  { policy, checks }: Authenticator,
  grant: Grant,
  subject: UpgradeSubject,
  attempt: Attempt,
): Promise<Decision> {
  const granted = policyFor(policy, grant);
  const strategies = new Strategies({ _strategy: () => strategyFor(grant) });
  const chain = new StrategyChain(granted, strategies, checks.users);
  return new Authenticator(granted, chain, { ...checks, failures: undefined }).decide(
    subject,
    attempt,
  );
}

/** The policy without what comes before its strategies. */
function policyFor(policy: Policy, { strategy, extractor }: Grant): Policy {
  const own = policy.strategy[0] ?? policy.handshakeExtractors[0]?.strategy?.[0] ?? 'connectAs';
  return {
    ...policy,
    handshakeExtractors: [extractorFor(extractor)],
    strategy: [strategy ?? own],
    middleware: [],
    origin: () => true,
  };
}

function extractorFor(name: string): HandshakeExtractor {
  return {
    name,
    phase: 'handshake',
    place: 'authorization',
    ambient: false,
    challengeSchemes: [],
    redacts: {},
    strategy: undefined,
    // Like a user name and a password, it counts as issued when it is presented.
    find: () =>
      new Credential(
        { scheme: 'fields', body: {}, token: undefined },
        { extractor: name, ambient: false, strategy: undefined },
      ),
  };
}

function strategyFor({ user, info }: Grant): Strategy {
  return {
    authenticate(this: StrategyActions) {
      this.success(user, info);
    },
  };
}
