/** What a credential states, once it is judged. */
export interface Verdict {
  /** `undefined` refuses it. */
  readonly user: string | undefined;
  /** Seconds the session may last; `undefined` does not end. */
  readonly lifetime: number | undefined;
}

/** An authentication that waits for its verdict. */
export interface PendingVerdict {
  readonly token: string;
  /** Seconds on the wall clock. */
  readonly issuedAt: number;
  /** Seconds on the clock of timers. */
  readonly deadline: number;
}

/** What is expected of one connection. */
export interface ModelConnection {
  readonly index: number;
  /** `waiting`: accepted, and not yet authenticated. `leaving`: the same, and the client has left behind messages. */
  state: 'upgrading' | 'waiting' | 'leaving' | 'live' | 'dead';
  deadline: number;
  attempt: PendingVerdict | undefined;
  user: string | undefined;
  issuedAt: number;
  authenticatedAt: number;
  /** Ends on the wall clock, and on the clock of timers. */
  wallEnd: number;
  timerEnd: number;
  /** Messages that wait for a session. */
  queue: number[];
  /** Messages that handlers must have seen, and no other. */
  dispatched: number[];
  /** Whether the client has sent its close frame. */
  hasClosed: boolean;
}

const authTimeout = 5;

/**
 * The reference: what a connection may do, without sockets, timers or promises. Two clocks, in seconds: the wall can be
 * set, the one of timers cannot.
 */
export class LifecycleModel {
  wall = 0;
  timer = 0;
  isShutDown = false;
  nextMessage = 0;
  readonly connections: ModelConnection[] = [];
  readonly #userRevokedAt = new Map<string, number>();
  #allRevokedAt = Number.NEGATIVE_INFINITY;

  open(token: string | undefined): ModelConnection {
    const deadline = this.timer + authTimeout;
    const connection: ModelConnection = {
      index: this.connections.length,
      state: token === undefined ? 'waiting' : 'upgrading',
      deadline,
      attempt: token === undefined ? undefined : { token, issuedAt: this.wall, deadline },
      user: undefined,
      issuedAt: 0,
      authenticatedAt: 0,
      wallEnd: Number.POSITIVE_INFINITY,
      timerEnd: Number.POSITIVE_INFINITY,
      queue: [],
      dispatched: [],
      hasClosed: false,
    };
    this.connections.push(connection);
    return connection;
  }

  /** Expired, whether or not a timer has noticed. */
  isOver(connection: ModelConnection): boolean {
    return this.wall >= connection.wallEnd || this.timer >= connection.timerEnd;
  }

  /** A connection whose session lives: the only one whose messages may reach handlers. */
  isLive(connection: ModelConnection): boolean {
    return connection.state === 'live' && !this.isOver(connection);
  }

  /** An expired session that nothing has touched yet: it may still be listed. */
  isOverdue(connection: ModelConnection): boolean {
    return connection.state === 'live' && this.isOver(connection);
  }

  /** Something happens on the connection: an expired session is found out. */
  touch(connection: ModelConnection): boolean {
    if (this.isOverdue(connection)) {
      this.kill(connection);
    }
    return connection.state !== 'dead';
  }

  kill(connection: ModelConnection): void {
    connection.state = 'dead';
    connection.attempt = undefined;
    connection.queue = [];
  }

  send(connection: ModelConnection, messages: readonly number[]): void {
    if (!this.touch(connection)) {
      return;
    }
    if (connection.state === 'live') {
      connection.dispatched.push(...messages);
    } else if (connection.attempt) {
      connection.queue.push(...messages);
    } else {
      this.kill(connection);
    }
  }

  authenticate(connection: ModelConnection, token: string): void {
    if (!this.touch(connection)) {
      return;
    }
    if (connection.attempt) {
      this.kill(connection);
      return;
    }
    const deadline = connection.state === 'live' ? this.timer + authTimeout : connection.deadline;
    connection.attempt = { token, issuedAt: this.wall, deadline };
  }

  /** The client is gone. Messages behind the first one are handled, if the first one authenticates. */
  leave(connection: ModelConnection): void {
    const isVerified = connection.state === 'waiting' && connection.attempt !== undefined;
    connection.hasClosed = true;
    if (isVerified && connection.queue.length > 0) {
      connection.state = 'leaving';
    } else {
      this.kill(connection);
    }
  }

  judge(connection: ModelConnection, { user, lifetime }: Verdict): void {
    const { attempt } = connection;
    connection.attempt = undefined;
    if (!attempt || !this.touch(connection)) {
      return;
    }
    const isRenewal = connection.state === 'live';
    const refused = user === undefined || this.#isRevoked(user, attempt.issuedAt);
    if (refused || (isRenewal && user !== connection.user)) {
      this.kill(connection);
      return;
    }
    if (!isRenewal || attempt.issuedAt >= connection.issuedAt) {
      this.stand(connection, user, attempt.issuedAt, lifetime);
    }
    connection.state = 'live';
    connection.dispatched.push(...connection.queue);
    connection.queue = [];
    if (connection.hasClosed) {
      this.kill(connection);
    }
  }

  stand(
    connection: ModelConnection,
    user: string,
    issuedAt: number,
    lifetime: number = Number.POSITIVE_INFINITY,
  ): void {
    Object.assign(connection, {
      user,
      issuedAt,
      authenticatedAt: this.wall,
      wallEnd: this.wall + lifetime,
      timerEnd: this.timer + lifetime,
    });
  }

  revokeUser(user: string): void {
    this.#userRevokedAt.set(user, Math.max(this.wall, this.#userRevokedAt.get(user) ?? this.wall));
    this.#killSessions((connection) => connection.user === user);
  }

  revokeEverybody(): void {
    this.#allRevokedAt = Math.max(this.#allRevokedAt, this.wall);
    this.#killSessions(
      ({ issuedAt, authenticatedAt }) => Math.min(issuedAt, authenticatedAt) <= this.wall,
    );
  }

  advance(seconds: number): void {
    this.timer += seconds;
    this.wall += seconds;
    for (const connection of this.connections) {
      const { state, attempt, deadline, timerEnd } = connection;
      const waits = state !== 'live' && state !== 'dead';
      const late = waits ? this.timer >= deadline : attempt && this.timer >= attempt.deadline;
      if (state !== 'dead' && (late || (state === 'live' && this.timer >= timerEnd))) {
        this.kill(connection);
      }
    }
  }

  shutDown(): void {
    this.isShutDown = true;
    this.connections.forEach((connection) => this.kill(connection));
  }

  #isRevoked(user: string, issuedAt: number): boolean {
    return issuedAt <= Math.max(this.#allRevokedAt, this.#userRevokedAt.get(user) ?? -Infinity);
  }

  #killSessions(matches: (connection: ModelConnection) => boolean): void {
    for (const connection of this.connections) {
      if (connection.state === 'live' && matches(connection)) {
        this.kill(connection);
      }
    }
  }
}
