import type { ContenderName } from '../contenders/registry.js';
import { byFirstMessage, byGraphql, bySocketIo, byTicket, byUpgrade, type Way } from './ways.js';

/** A contender as it appears in tables. */
export interface Contestant {
  readonly label: string;
  readonly name: ContenderName;
  readonly way: Way;
  readonly credentials: 'tokens' | 'tickets';
}

function contestant(label: string, name: ContenderName, way: Way): Contestant {
  return { label, name, way, credentials: way === byTicket ? 'tickets' : 'tokens' };
}

export const handWritten = contestant(
  'hand-written `ws` + JWT, upgrade',
  'handWrittenUpgrade',
  byUpgrade,
);
export const handWrittenFirst = contestant(
  'hand-written `ws` + JWT, first message',
  'handWrittenFirstMessage',
  byFirstMessage,
);
export const stock = contestant('Nest `WsAdapter`, no authentication', 'stockNest', byUpgrade);
export const inHandleConnection = contestant(
  'Nest, `handleConnection`',
  'handleConnection',
  byUpgrade,
);
export const perMessage = contestant('Nest, `AuthGuard` per message', 'authGuard', byUpgrade);
export const withSocketIo = contestant('Socket.IO + Passport', 'socketIo', bySocketIo);
export const nestWithSocketIo = contestant(
  'Nest `IoAdapter` + Passport',
  'nestSocketIo',
  bySocketIo,
);
export const oursSocketIo = contestant('**ours**, Socket.IO', 'oursWithSocketIo', bySocketIo);
export const oursUpgrade = contestant('**ours**, upgrade', 'ours', byUpgrade);
export const oursFirst = contestant('**ours**, first message', 'ours', byFirstMessage);
const oursHook = contestant('**ours**, upgrade, `handleConnection`', 'oursWithHook', byUpgrade);
const oursTicket = contestant('**ours**, ticket', 'oursWithTickets', byTicket);
export const oursEverything = contestant(
  '**ours**, everything on',
  'oursWithEverything',
  byUpgrade,
);

/** With OpenTelemetry, beside the same package without it. */
export const observed: readonly Contestant[] = [
  oursUpgrade,
  again(oursUpgrade),
  contestant('beside an SDK for something else', 'oursBesideTelemetry', byUpgrade),
  contestant('measured', 'oursMeasured', byUpgrade),
  contestant('measured, 1 of 10 traced', 'oursSampled', byUpgrade),
  contestant('measured, all traced', 'oursTraced', byUpgrade),
];

/** Gateways of Socket.IO, beside what people write for them. */
export const onSocketIo: readonly Contestant[] = [
  nestWithSocketIo,
  again(nestWithSocketIo),
  withSocketIo,
  oursSocketIo,
];

const nestWithGraphql = contestant(
  'Nest GraphQL, `jsonwebtoken` in `onConnect`',
  'nestGraphql',
  byGraphql,
);
const oursGraphql = contestant('**ours**, GraphQL', 'oursWithGraphql', byGraphql);

/** Subscriptions of GraphQL, beside what people write for them. */
export const onGraphql: readonly Contestant[] = [
  nestWithGraphql,
  again(nestWithGraphql),
  oursGraphql,
];

/** The same again under another name: how far the two are apart is the noise of the run. */
export function again(original: Contestant): Contestant {
  return { ...original, label: `${original.label} (again)` };
}

export const everyone: readonly Contestant[] = [
  handWritten,
  again(handWritten),
  handWrittenFirst,
  stock,
  inHandleConnection,
  perMessage,
  withSocketIo,
  oursUpgrade,
  oursHook,
  oursFirst,
  oursTicket,
  oursEverything,
];
