import { authGuard } from './auth-guard.js';
import type { Contender } from './contender.js';
import { handWrittenFirstMessage } from './hand-written-first-message.js';
import { handWrittenUpgrade } from './hand-written-upgrade.js';
import { handleConnection } from './handle-connection.js';
import { oursAtScale, oursOnRedis, oursWithHeartbeat } from './ours-at-scale.js';
import { oursWithGraphql } from './ours-graphql.js';
import { oursOverTheLimit, oursWithEverything } from './ours-everything.js';
import { oursHostile } from './ours-hostile.js';
import { oursHostileElsewhere } from './ours-hostile-elsewhere.js';
import { oursBesideTelemetry, oursMeasured, oursSampled, oursTraced } from './ours-telemetry.js';
import { oursWithHook } from './ours-hook.js';
import { ours, oursWithTickets } from './ours.js';
import { nestGraphql } from './nest-graphql.js';
import { nestSocketIo } from './nest-socket-io.js';
import { socketIo } from './socket-io.js';
import { oursWithSocketIo } from './ours-socket-io.js';
import { stockNest } from './stock-nest.js';
import { ticketStores } from './ticket-stores.js';

/** Everything that a server process can be. */
export const contenders = {
  handWrittenUpgrade,
  handWrittenFirstMessage,
  stockNest,
  handleConnection,
  authGuard,
  socketIo,
  nestSocketIo,
  nestGraphql,
  ours,
  oursWithHook,
  oursWithTickets,
  oursWithEverything,
  oursWithSocketIo,
  oursWithGraphql,
  oursOverTheLimit,
  oursAtScale,
  oursOnRedis,
  oursWithHeartbeat,
  oursHostile,
  oursHostileElsewhere,
  oursBesideTelemetry,
  oursMeasured,
  oursSampled,
  oursTraced,
  ticketStores,
} as const satisfies Readonly<Record<string, Contender>>;

export type ContenderName = keyof typeof contenders;
