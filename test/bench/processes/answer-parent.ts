import type { Commands } from '../contenders/contender.js';

/** What a child is asked. */
export interface Question {
  readonly id: number;
  readonly command: string;
  readonly argument: unknown;
}

/** What it answers. */
export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Makes this process answer its parent, and end with it. */
export function answerParent(commands: Commands): void {
  process.on('message', (question: Question) => void answer(commands, question));
  process.on('disconnect', () => process.exit());
}

async function answer(commands: Commands, { id, command, argument }: Question): Promise<void> {
  try {
    const value: unknown = await commands[command]!(argument as never);
    process.send!({ id, value } satisfies Answer);
  } catch (error) {
    process.send!({ id, error: (error as Error).stack ?? String(error) } satisfies Answer);
  }
}
