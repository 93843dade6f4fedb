import { answerParent } from '../processes/answer-parent.js';
import { cpuTimeOf } from '../processes/cpu-time.js';
import type { Cost, DialoguePlan } from './dialogue.js';
import { sendEarly } from './early.js';
import { Group } from './group.js';
import { playDialogues, scriptsOf } from './play-dialogues.js';
import { mayRest, stayAwake } from './stay-awake.js';
import { visit, type VisitPlan } from './visits.js';

/** Messages on the connections of a group. */
export interface EchoPlan {
  readonly group: string;
  readonly pid: number;
  readonly text: string;
  readonly operations: number;
}

/** Connections that stay. */
export interface OpenPlan extends DialoguePlan {
  readonly group: string;
}

const groups = new Map<string, Group>();

function groupOf(name: string): Group {
  const group = groups.get(name) ?? new Group();
  groups.set(name, group);
  return group;
}

/** Takes the processor time of the server, and the time in which this process had something to do, around a work. */
async function cost(pid: number, operations: number, work: () => Promise<void>): Promise<Cost> {
  const server = cpuTimeOf(pid);
  const wall = performance.now();
  const stop = stayAwake();
  await work();
  const loadMs = stop();
  return {
    operations,
    wallMs: performance.now() - wall,
    serverMs: cpuTimeOf(pid) - server,
    loadMs,
  };
}

/** The process that makes the load. */
answerParent({
  mayRest,
  dialogues: (plan: DialoguePlan) => {
    const scripts = scriptsOf(plan);
    return cost(plan.pid, plan.count, () => playDialogues(plan, scripts));
  },
  open: (plan: OpenPlan) => cost(plan.pid, plan.count, () => groupOf(plan.group).open(plan)),
  echo: ({ group, pid, text, operations }: EchoPlan) =>
    cost(pid, operations, () => groupOf(group).echo(text, operations)),
  allEnded: async (group: string) => {
    const stop = stayAwake();
    const lastEndAt = await groupOf(group).allEnded();
    stop();
    return lastEndAt;
  },
  destroy: (group: string) => {
    groups.get(group)?.destroy();
    groups.delete(group);
  },
  early: sendEarly,
  visits: (plan: VisitPlan) => cost(plan.pid, plan.count, () => visit(plan)),
});
