import { EventEmitter } from 'node:events';

/** Receives the error of an async listener, with the event and its arguments. */
export type OnRejection = (error: unknown, event: string | symbol, ...args: unknown[]) => void;

/** `EventEmitter` as a function, which is how an emitter that exists is given options. */
interface EmitterInit {
  call(emitter: EventEmitter, options: { readonly captureRejections: boolean }): void;
}

/**
 * Has an emitter that exists report async listeners that reject, to its method of the name `captureRejectionSymbol`. A rejection that
 * is not handled ends the process.
 *
 * Bun puts another `emit` on an emitter with this option, past the one of its class, which may be a gate: it must not stay.
 */
export function captureRejections(emitter: EventEmitter): void {
  const before = Object.getOwnPropertyDescriptor(emitter, 'emit');
  (EventEmitter as unknown as EmitterInit).call(emitter, { captureRejections: true });
  if (before) {
    Object.defineProperty(emitter, 'emit', before);
  } else if (Object.hasOwn(emitter, 'emit')) {
    Reflect.deleteProperty(emitter, 'emit');
  }
}

/** The same for an emitter whose class has no such method. */
export function captureRejectionsWith(emitter: EventEmitter, onRejection: OnRejection): void {
  captureRejections(emitter);
  Object.defineProperty(emitter, EventEmitter.captureRejectionSymbol, {
    value: onRejection,
    configurable: true,
  });
}
