import { ContextIdFactory, type ContextId } from '@nestjs/core';
import { WsException } from '@nestjs/websockets';
import { isObservable } from 'rxjs';
import type { CanActivate } from '@nestjs/common';
import { ContainedLogger } from '../events/contained-logger.js';
import { logFault } from '../adapters/contain.js';
import { exceptionData, refusalByHook, refusalOf } from '../adapters/exception-refusal.js';
import { guardName } from '../guards/http-guards.js';
import { isThenable } from '../passport/thenable.js';
import { logError } from '../protocol/log-text.js';
import { Refusal } from '../protocol/refusal.js';
import type { EnhancedHook, HookCall, HookSettings, HookTools } from './hook-call.js';
import { endOf, lastOf, type UntilLeft } from './hook-end.js';
import type { Enhanced } from './internals/method-enhancers.js';

type OnError = (client: object, error: unknown) => void;

const logger = new ContainedLogger('WsAuth');

/** The hooks of one gateway: `handleConnection` and `handleDisconnect` as applications expect them. */
export class GatewayBinding {
  /** Clients that `handleConnection` has not begun for, and so must not see `handleDisconnect`. */
  readonly #absent = new WeakSet<object>();
  readonly #warned = new Set<string>();

  constructor(
    private readonly gateway: string,
    private readonly tools: HookTools,
    /** Whether something runs at the connection: a `handleConnection`, or guards alone. */
    public connects: boolean,
    public settings: HookSettings,
  ) {}

  /** Set at boot, with the settings. */
  enhanced: EnhancedHook = undefined;

  /** Holds the messages of a client for a hook that Nest starts later. */
  expect(client: object): void {
    if (!this.connects || !(this.enhanced || this.settings.awaitConnection)) {
      return;
    }
    this.#absent.add(client);
    const arrival = this.tools.arrivals.of(client);
    const { authTimeoutMs } = this.settings;
    const onDeadline = () => this.#end(client, this.#tooSlow('Nest has not made the gateway'));
    const passed = arrival.wait(authTimeoutMs, onDeadline);
    const decided = arrival.undecided();
    arrival.expect(this, () => {
      decided();
      passed();
    });
  }

  /** Runs `handleConnection`, its guards first. */
  connect(call: HookCall): unknown {
    const { client } = call;
    const arrival = this.tools.arrivals.get(client);
    const begun = arrival?.take(this);
    try {
      if (arrival?.isOver) {
        this.#absent.add(client);
        return undefined;
      }
      if (this.enhanced) {
        return this.#enter(call, this.enhanced);
      }
      if (begun) {
        this.#absent.delete(client);
      }
      return this.#follow(
        client,
        call.hook.apply(call.instance, call.args as never[]),
        this.#onError,
      );
    } catch (error) {
      this.fail(client, error);
      return undefined;
    } finally {
      begun?.();
    }
  }

  /** Runs `handleDisconnect` for clients that were connected. */
  disconnect({ instance, client, args, hook }: HookCall): unknown {
    if (this.#absent.delete(client)) {
      return undefined;
    }
    if (!this.connects && this.tools.arrivals.get(client)?.isOver) {
      return undefined;
    }
    const blame = (error: unknown) => logFault(`${this.gateway}.handleDisconnect`, error);
    try {
      const returned = hook.apply(instance, args as never[]);
      return isThenable(returned) ? returned.then(undefined, blame) : returned;
    } catch (error) {
      blame(error);
      return undefined;
    }
  }

  /** Refuses a client because of an exception of `handleConnection`, or of the gateway's constructor. */
  fail(client: object, error: unknown): void {
    this.#tell(client, error);
    this.#blame(client, error);
  }

  readonly #onError: OnError = (client, error) => this.fail(client, error);
  readonly #onFiltered: OnError = (client, error) => this.#blame(client, error);

  get #hook(): string {
    return `${this.gateway}.handleConnection`;
  }

  /** Nothing of the client is handled before its guards have decided, whatever they take. */
  async #enter(call: HookCall, enhancedFor: NonNullable<EnhancedHook>): Promise<void> {
    const { client, instance, args } = call;
    this.#absent.add(client);
    const arrival = this.tools.arrivals.of(client);
    const passed = arrival.wait(this.settings.authTimeoutMs, () =>
      this.#end(client, this.#tooSlow('its guards have not decided')),
    );
    const decided = arrival.undecided();
    let enhanced: Enhanced | undefined;
    let asked: CanActivate | undefined;
    try {
      enhanced = enhancedFor(instance, contextOf(client));
      if (!(await enhanced.admits(args, (guard) => (asked = guard)))) {
        await enhanced.filter(new WsException('Forbidden resource'), client);
        this.#refuse(client, new Refusal('ERR_WS_AUTH_NOT_PERMITTED'), asked);
      } else if (!arrival.isOver) {
        decided();
        this.#absent.delete(client);
        const onError = enhanced.hasFilters ? this.#onFiltered : this.#onError;
        void this.#follow(client, this.#call(enhanced, call), onError);
      }
    } catch (error) {
      await filter(enhanced, error, client);
      const refusal = refusalOf(error);
      if (refusal) {
        this.#refuse(client, refusal, asked);
      } else {
        this.#blame(client, error);
      }
    } finally {
      decided();
      passed();
    }
  }

  async #call(enhanced: Enhanced, { client, args }: HookCall): Promise<unknown> {
    try {
      const returned = await enhanced.call(args);
      return isObservable(returned) ? await lastOf(returned, this.#untilLeft(client)) : returned;
    } catch (error) {
      await filter(enhanced, error, client);
      throw error;
    }
  }

  /** Waits for a hook that has begun. */
  #follow(client: object, returned: unknown, onError: OnError): unknown {
    if (!isThenable(returned) && !isObservable(returned)) {
      return returned;
    }
    const { awaitConnection, connectionTimeoutMs } = this.settings;
    if (!awaitConnection) {
      return isThenable(returned)
        ? returned.then(undefined, (error: unknown) => onError(client, error))
        : undefined;
    }
    const ended = this.tools.arrivals.of(client).wait(connectionTimeoutMs, () => {
      this.#warn(
        `has not ended within ${connectionTimeoutMs} ms (connectionTimeoutMs), so messages are handled now; if it is to run while ` +
          'the client is connected, set awaitConnection: false',
      );
    });
    return endOf(returned, this.#untilLeft(client)).then(ended, (error: unknown) => {
      onError(client, error);
      ended();
    });
  }

  #untilLeft(client: object): UntilLeft {
    return (onLeft) => this.tools.platform.onClosed(client, onLeft);
  }

  /** In Nest's form, and without the message of an exception that is not for clients. */
  #tell(client: object, error: unknown): void {
    try {
      this.tools.platform.emitTo(client, 'exception', exceptionData(error));
    } catch {
      // An exception that cannot be read, or a client of a test.
    }
  }

  /** An exception that stands for a refusal is an answer: as an error, clients could fill the log with it. */
  #blame(client: object, error: unknown): void {
    const refusal = refusalByHook(error);
    if (refusal) {
      logger.debug(`${this.#hook} threw: ${logError(error)}`);
      this.tools.reportRefusal(client, refusal.diagnosed({ guard: this.#hook }));
      this.#end(client, refusal);
    } else {
      this.tools.arrivals.of(client).isOver = true;
      this.tools.platform.failClient(client, this.#hook, error);
    }
  }

  #refuse(client: object, refusal: Refusal, guard: CanActivate | undefined): void {
    const name = guardName(guard);
    logger.debug(`${this.#hook}: ${name} refused a client with ${refusal.code}`);
    this.tools.reportRefusal(client, refusal.diagnosed({ guard: name }));
    this.#end(client, refusal);
  }

  #end(client: object, refusal: Refusal): void {
    this.tools.arrivals.of(client).isOver = true;
    this.tools.platform.refuseClient(client, refusal);
  }

  #tooSlow(what: string): Refusal {
    this.#warn(`${what} within ${this.settings.authTimeoutMs} ms (authTimeoutMs)`);
    return new Refusal('ERR_WS_AUTH_UNAVAILABLE');
  }

  /** Once: clients could fill the log. */
  #warn(text: string): void {
    if (!this.#warned.has(text)) {
      this.#warned.add(text);
      logger.warn(`${this.#hook}: ${text}`);
    }
  }
}

/** The context in which Nest has made request-scoped instances for a client. */
function contextOf(client: object): ContextId {
  return ContextIdFactory.getByRequest(client);
}

async function filter(enhanced: Enhanced | undefined, error: unknown, client: object) {
  try {
    await enhanced?.filter(error, client);
  } catch (thrown) {
    logFault('a filter of handleConnection', thrown);
  }
}
