import { EventEmitter } from 'node:events';
import { captureRejectionsWith } from '../../capture-rejections.js';
import { callContained, contain, logFault } from '../../contain.js';
import type { IoNamespace, IoSocket } from '../platform-types.js';
import { containPackets, type OnFault } from './contain-packets.js';

/** Middleware of a namespace gets a client, and middleware of a client an event. */
type Middleware = (subject: never, next: (error?: Error) => void) => unknown;

/** What takes middleware. */
interface Using {
  use(middleware: Middleware): unknown;
}

/** Members of a client through which its events go to their listeners. */
interface Dispatching {
  connected: boolean;
  dispatch?: unknown;
  run?: (event: unknown[], next: (error?: Error | null) => void) => void;
  _onerror?: (error: Error) => void;
}

/** Whether events of a client may be handled now. */
interface Openness {
  readonly isOpen: boolean;
}

/**
 * Contains listeners and middleware of one client that throw or reject. Socket.IO calls them from ticks of their own, where an
 * exception ends the process, at the will of a client. Called before the client has a gate, which holds its packets back.
 *
 * @param owner asked again when its listeners are called, since the session may have ended while middleware of the client ran
 */
export function containSocket(socket: IoSocket, onFault: OnFault, owner: Openness): void {
  const fail = (event: unknown, error: unknown) =>
    onFault(socket, `a listener of "${String(event)}"`, error);
  captureRejectionsWith(socket, (error, event) => fail(event, error));
  containMiddleware(socket as unknown as Using, (error) => {
    onFault(socket, 'a middleware of a client', error);
  });
  containDispatch(socket as unknown as EventEmitter & Dispatching, fail, owner);
  containPackets(socket, onFault);
}

/** What other servers have sent by `serverSideEmit()` goes to the listeners of a namespace. */
interface ServerSide {
  _onServerSideEmit?(args: readonly unknown[]): void;
}

/**
 * Contains listeners of `connection` that reject, and middleware that fails: its client is refused. Contains listeners of events of
 * other servers, which adapters call where an exception ends the process.
 */
export function containNamespace(namespace: IoNamespace, onFault: OnFault): void {
  captureRejectionsWith(namespace, (error, event, socket) => {
    const what = `a listener of "${String(event)}"`;
    if (event === 'connect' || event === 'connection') {
      onFault(socket as IoSocket, what, error);
    } else {
      logFault(what, error);
    }
  });
  const serverSide = namespace as ServerSide;
  const emit = serverSide._onServerSideEmit?.bind(namespace);
  if (emit) {
    serverSide._onServerSideEmit = (args) => {
      contain(`a listener of "${String(args[0])}"`, () => emit(args));
    };
  }
  containMiddleware(namespace as unknown as Using, (error, socket, next) => {
    if (next) {
      logFault('a middleware of a namespace', error);
      next(new Error('Internal server error'));
    } else {
      onFault(socket as IoSocket, 'a middleware of a namespace', error);
    }
  });
}

type Next = (error?: Error) => void;

/**
 * Contains middleware that throws or rejects. Its first answer counts: after a second one Socket.IO would open the connection of a
 * client that it has refused.
 *
 * @param onFault is not given `next` where the middleware has answered before
 */
function containMiddleware(
  target: Using,
  onFault: (error: unknown, subject: unknown, next: Next | undefined) => void,
): void {
  const use = target.use.bind(target);
  target.use = (middleware) => {
    use((subject, next) => {
      let answer: Next | undefined = next;
      const once: Next = (error) => {
        const first = answer;
        answer = undefined;
        first?.(error);
      };
      const fail = (error: unknown) => onFault(error, subject, answer && once);
      callContained(() => middleware(subject, once), fail);
    });
    return target;
  };
}

/** An unknown version keeps its own: what listeners throw then ends the process, as without this package. */
function containDispatch(
  socket: EventEmitter & Dispatching,
  fail: (event: unknown, error: unknown) => void,
  owner: Openness,
): void {
  const { dispatch, run, _onerror: onError } = socket;
  if (typeof dispatch !== 'function' || typeof run !== 'function' || !onError) {
    return;
  }
  const emit = (event: unknown[]) => {
    try {
      EventEmitter.prototype.emit.apply(socket, event as [string, ...unknown[]]);
    } catch (error) {
      fail(event[0], error);
    }
  };
  socket.dispatch = (event: unknown[]) => {
    run.call(socket, event, (error) => {
      process.nextTick(() => {
        if (error) {
          onError.call(socket, error);
        } else if (socket.connected && owner.isOpen) {
          emit(event);
        }
      });
    });
  };
}
