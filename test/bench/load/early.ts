import { Connection, type ConnectionListener } from './connection.js';
import type { DialoguePlan } from './dialogue.js';
import { textFrame } from './frames.js';
import { scriptsOf } from './play-dialogues.js';
import type { Script } from './script.js';

/** What became of messages that were sent immediately. */
export interface EarlyCounts {
  readonly sent: number;
  readonly withoutUser: number;
  readonly lost: number;
  readonly reordered: number;
}

/** How the early message of a protocol is written: `{n}` is its number. */
export interface EarlyPlan extends DialoguePlan {
  readonly message: string;
  readonly perConnection: number;
  /** Time in milliseconds without any answer after which the rest counts as lost. */
  readonly patienceMs: number;
}

/**
 * Opens connections, and sends messages on each the moment it is open, right behind the dialogue. Where the
 * server greets first, clients call it open when the dialogue is over.
 */
export async function sendEarly(plan: EarlyPlan): Promise<EarlyCounts> {
  const { port, count, inFlight, message, perConnection } = plan;
  const scripts = scriptsOf(plan);
  const numbers = Array.from({ length: perConnection }, (_, n) => n);
  const early = Buffer.concat(numbers.map((n) => textFrame(message.replace('{n}', String(n)))));
  const totals = { withoutUser: 0, answered: 0, reordered: 0 };
  let started = 0;
  const lane = async (): Promise<void> => {
    while (started < count) {
      const script = scripts[started % scripts.length]!;
      started += 1;
      const one = await new Promise<EarlyConnection>((resolve) => {
        const listener = new EarlyConnection({ plan, script, early, resolve });
        listener.open(port);
      });
      totals.withoutUser += one.withoutUser;
      totals.answered += one.answered;
      totals.reordered += one.reordered;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const sent = count * perConnection;
  const { withoutUser, answered, reordered } = totals;
  return { sent, withoutUser, reordered, lost: sent - answered };
}

interface EarlyContext {
  readonly plan: EarlyPlan;
  readonly script: Script;
  readonly early: Buffer;
  resolve(connection: EarlyConnection): void;
}

class EarlyConnection implements ConnectionListener {
  withoutUser = 0;
  answered = 0;
  reordered = 0;
  #last = -1;
  #texts = 0;
  #patience: NodeJS.Timeout | undefined;

  constructor(private readonly context: EarlyContext) {}

  open(port: number): void {
    Connection.open({ port, handshake: this.context.script.handshake }, this);
  }

  onOpen(connection: Connection): void {
    this.#patience = setTimeout(() => connection.destroy(), this.context.plan.patienceMs);
    if (this.context.plan.dialogue.greeting === undefined) {
      connection.write(Buffer.concat([...this.#turns, this.context.early]));
    }
  }

  onText(connection: Connection, payload: Buffer): void {
    const { plan, early } = this.context;
    this.#texts += 1;
    if (plan.dialogue.greeting !== undefined && this.#texts <= 2) {
      connection.write(this.#texts === 1 ? Buffer.concat(this.#turns) : early);
      return;
    }
    const answer = /"n":(\d+),"user":("?)/.exec(payload.toString());
    if (!answer) {
      return;
    }
    const n = Number(answer[1]);
    this.#patience?.refresh();
    this.answered += 1;
    this.withoutUser += Number(answer[2] === '');
    this.reordered += Number(n < this.#last);
    this.#last = Math.max(this.#last, n);
    if (this.answered === plan.perConnection) {
      connection.close();
    }
  }

  onEnd(): void {
    clearTimeout(this.#patience);
    this.context.resolve(this);
  }

  get #turns(): readonly Buffer[] {
    return this.context.script.turns.map(({ frame }) => frame);
  }
}
