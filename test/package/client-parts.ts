/** A part of the client, and what would be in its place if it were left out. */
export interface ClientPart {
  /** As the guide to the client names it. */
  readonly name: string;
  /** Files of `lib/client`, without their extension, and the simplest source that works in their place. */
  readonly without: Readonly<Record<string, string>>;
}

/** Parts of `nestjs-ws-auth/client` that a client could do without. */
export const clientParts: readonly ClientPart[] = [
  {
    name: 'moving to another node before a draining server closes',
    without: {
      attempts: `
        import { ConnectionAttempt } from './connection-attempt.js';
        export class Attempts {
          constructor(url, settings, listener) {
            this.url = url;
            this.settings = settings;
            this.listener = listener;
          }
          renew(refused) {
            this.present?.abandon();
            return (this.present = new ConnectionAttempt(this.url, this.settings, this.listener, refused));
          }
          stop() {}
        }`,
    },
  },
  {
    name: 'misspelt and mistyped options that throw, with a message',
    without: {
      'settle-options': `
        export const missing = () => {};
        export const settleOptions = (defaults, options) => ({ ...defaults, ...options });`,
      'contract-options': `
        import { defaultEventNames } from '../protocol/message.js';
        export const settleContract = ({ events }) => ({ ...defaultEventNames, ...events });`,
    },
  },
  {
    name: 'listeners on React Native, which has no `EventTarget`',
    without: {
      'socket-event-target': `
        import { ReadyStates } from './ready-states.js';
        export class SocketEventTarget extends EventTarget {
          emit(type, details) {
            this.dispatchEvent(Object.assign(new Event(type), details));
          }
        }`,
    },
  },
  {
    name: 'causes of failures, and the status of a refused upgrade',
    without: {
      failure: `
        export const statusIn = () => 0;
        export const statusActionOf = () => 'backOff';
        export const refusedWith = () => ['refused', {}];
        export const causeIn = (error) => error;`,
    },
  },
  {
    name: 'messages that wait for a session, with a bound',
    without: {
      'message-queue': 'export class MessageQueue { bytes = 0; add() {} drain() { return []; } }',
    },
  },
  {
    name: 'finding a dead connection: pings, and pages that wake',
    without: {
      pulse: 'export class Pulse { beat() {} probe() {} stop() {} }',
      'on-wake': 'export function onWake() {}',
    },
  },
];
