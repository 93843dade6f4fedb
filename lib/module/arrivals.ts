import { contain } from '../adapters/contain.js';
import type { Platform } from '../adapters/platform.js';

/**
 * A client while guards and hooks of its connection run. Its messages are held meanwhile.
 *
 * Clients whose hooks all end synchronously have none.
 */
export class Arrival {
  /** Whether the client was refused, or its connection has ended: no further hook begins. */
  isOver = false;
  #waits = 0;
  #undecided = 0;
  #release: () => void = () => undefined;
  readonly #expected = new Map<object, (() => void)[]>();

  constructor(
    private readonly client: object,
    private readonly platform: Platform,
    private readonly onIdle: () => void,
  ) {}

  /**
   * Holds the messages of the client.
   *
   * @param onDeadline called if they are still held that many milliseconds later; they are handled then
   * @returns a function that ends this wait
   */
  wait(withinMs: number, onDeadline: () => void): () => void {
    if (this.isOver) {
      return () => undefined;
    }
    if (this.#waits === 0) {
      this.#release = this.platform.holdClient(
        this.client,
        () => (this.isOver = true),
        () => this.#undecided === 0,
      );
    }
    this.#waits += 1;
    let waits = true;
    const done = () => {
      if (waits) {
        waits = false;
        clearTimeout(timer);
        this.#done();
      }
    };
    const timer = setTimeout(() => {
      contain('the deadline of handleConnection', onDeadline);
      done();
    }, withinMs);
    timer.unref();
    return done;
  }

  /**
   * Notes that a gateway has not decided yet whether it accepts the client: nothing is handled for one that leaves before.
   *
   * @returns a function that notes the decision
   */
  undecided(): () => void {
    this.#undecided += 1;
    let isOpen = true;
    return () => {
      this.#undecided -= Number(isOpen);
      isOpen = false;
    };
  }

  /** Remembers a wait for a hook that Nest starts later. */
  expect(gateway: object, done: () => void): void {
    this.#expected.set(gateway, [...(this.#expected.get(gateway) ?? []), done]);
  }

  /** The wait for a hook that has been started now, if it was expected. */
  take(gateway: object): (() => void) | undefined {
    return this.#expected.get(gateway)?.shift();
  }

  #done(): void {
    this.#waits -= 1;
    if (this.#waits === 0) {
      this.#release();
      this.onIdle();
    }
  }
}

/** The clients that arrive at the gateways of an application. */
export class Arrivals {
  readonly #ofClients = new WeakMap<object, Arrival>();

  constructor(private readonly platform: Platform) {}

  /** Present while guards or hooks run, and for clients that were refused. */
  get(client: object): Arrival | undefined {
    return this.#ofClients.get(client);
  }

  of(client: object): Arrival {
    const known = this.#ofClients.get(client);
    if (known) {
      return known;
    }
    const arrival: Arrival = new Arrival(client, this.platform, () => {
      if (!arrival.isOver) {
        this.#ofClients.delete(client);
      }
    });
    this.#ofClients.set(client, arrival);
    return arrival;
  }
}
