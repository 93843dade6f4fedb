import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time in milliseconds that a process has used since its start, user and system, all threads: by the accounting of the
 * scheduler, in nanoseconds, or of `/proc/<pid>/stat`, in ticks, where the kernel keeps no other.
 */
export function cpuTimeOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'))
      .reduce((sum, line) => sum + Number(line.split(' ')[0]) / 1e6, 0);
  } catch {
    return ticksOf(pid) * tickMs;
  }
}

/** What the kernel reports to user space, whatever its own timer does. */
const tickMs = 10;

function ticksOf(pid: number): number {
  const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
