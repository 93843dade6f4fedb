import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Cores for the servers and for the load. */
export interface Cores {
  readonly server: number | undefined;
  readonly load: number | undefined;
}

/** Whichever core is idle. */
export const anyCores: Cores = { server: undefined, load: undefined };

/** A core each, where the machine has two and can pin. */
export function chooseCores(): Cores {
  const canPin =
    availableParallelism() > 1 && spawnSync('taskset', ['--cpu-list', '1', 'true']).status === 0;
  return canPin ? { server: 0, load: 1 } : anyCores;
}
