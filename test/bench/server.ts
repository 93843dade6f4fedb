import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import type { Commands, Settings } from './contenders/contender.js';
import { contenders, type ContenderName } from './contenders/registry.js';
import { answerParent } from './processes/answer-parent.js';

/** The process of a contender: its argument names which one it is. */
let own: Commands = {};
let delays: IntervalHistogram | undefined;

answerParent({
  start: async ({
    name,
    settings,
  }: {
    readonly name: ContenderName;
    readonly settings: Settings;
  }) => {
    const { port, commands = {} } = await contenders[name](settings);
    own = commands;
    return port;
  },
  run: ({ command, argument }: { readonly command: string; readonly argument: unknown }) =>
    own[command]!(argument as never),
  memory: () => {
    globalThis.gc?.();
    globalThis.gc?.();
    return process.memoryUsage();
  },
  watchStalls: () => {
    delays = monitorEventLoopDelay({ resolution: 1 });
    delays.enable();
  },
  longestStall: () => (delays?.max ?? 0) / 1e6,
});
