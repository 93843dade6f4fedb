import {
  type BeforeApplicationShutdown,
  Injectable,
  type MessageEvent,
  type OnModuleInit,
} from '@nestjs/common';
import { WsAuthEvents, type WsAuthSessionEvent, WsAuthSessions } from 'nestjs-ws-auth';
import {
  concat,
  defer,
  filter,
  from,
  map,
  merge,
  Observable,
  ReplaySubject,
  Subject,
  takeUntil,
  timer,
} from 'rxjs';
import { viewOf } from './session-view.js';
import { type ToldEvent, toldNames } from './told-event.js';

/** How many events are kept for streams that were interrupted. */
const kept = 256;

/** An event and whom it concerns. */
interface Happened {
  readonly id: number;
  readonly userId: string | undefined;
  readonly event: ToldEvent;
}

/** Which user's events to send, and since when. */
export interface Subscription {
  readonly userId: string;
  readonly until: Date;
  /** The last event that the page has received, when a stream goes on. */
  readonly lastEventId: number | undefined;
}

/** Streams of what happens to the sessions of one user in this process. */
@Injectable()
export class UserEvents implements OnModuleInit, BeforeApplicationShutdown {
  readonly #recent: Happened[] = [];
  readonly #now = new Subject<Happened>();
  /** Replayed, so that no stream begins any more either. */
  readonly #shutdown = new ReplaySubject<void>(1);
  #lastId = 0;

  constructor(
    private readonly events: WsAuthEvents,
    private readonly sessions: WsAuthSessions,
  ) {}

  onModuleInit(): void {
    for (const name of toldNames) {
      this.events.on(name, (event: WsAuthSessionEvent) => this.#happened(name, event));
    }
  }

  /** The open sessions of a user, then every event of that user, until the given instant. */
  of({ userId, until, lastEventId = Infinity }: Subscription): Observable<MessageEvent> {
    const open = defer(() => {
      const id = String(Math.min(lastEventId, this.#lastId));
      return [{ id, type: 'open', data: this.sessions.ofUser(userId).map(viewOf) }];
    });
    const missed = defer(() => from(this.#recent.filter(({ id }) => id > lastEventId)));
    const told = merge(this.#now, missed).pipe(
      filter((happened) => happened.userId === userId),
      map(({ id, event }) => ({ id: String(id), type: 'event', data: event })),
    );
    return concat(open, told).pipe(takeUntil(merge(timer(until), this.#shutdown)));
  }

  /** A stream that stays open would keep the HTTP server from closing. */
  beforeApplicationShutdown(): void {
    this.#shutdown.next();
  }

  #happened(name: ToldEvent['name'], occurrence: WsAuthSessionEvent & { code?: number }): void {
    const { sessionId, userId, code } = occurrence;
    const session = this.sessions.get(sessionId);
    const event: ToldEvent = {
      name,
      at: Date.now(),
      sessionId,
      ...(code !== undefined && { code }),
      ...(session && { session: viewOf(session) }),
    };
    const happened = { id: ++this.#lastId, userId, event };
    this.#recent.push(happened);
    if (this.#recent.length > kept) this.#recent.shift();
    this.#now.next(happened);
  }
}
