import type { NotebookView } from "../../runtime/notebook.ts";
import type { Schedule } from "../../schedules/schedule.ts";
import { lengthOf } from "../../schedules/traits.ts";
import type { EpochHistory, History } from "../history/history.ts";
import { unresolved } from "./_training_run.ts";

/** What is shown of a scheduler. */
interface ShownScheduler {
  readonly schedule: Schedule;
  at(iteration: number): number;
  readonly history: History;
  readonly epochHistory: EpochHistory;
}

/** What is shown of a cyclic one. */
interface ShownCycles extends ShownScheduler {
  readonly options: {
    readonly stepSize: number;
    readonly stepSizeDown: number;
  };
}

/** As many cycles show what the scale does from one to the next. */
const CYCLES_AHEAD = 4;

/** The run so far; of what ends, all of it, when nothing was trained yet. */
export async function schedulerView(
  scheduler: ShownScheduler,
): Promise<NotebookView> {
  const { history, schedule } = scheduler;
  if (history.iterations.length > 0) {
    const { historySpec } = await import("../../plots/specs/mod.ts");
    const chart = historySpec(scheduler);
    return { text: chart.description, chart };
  }
  return await scheduleView(scheduler, lengthOf(schedule));
}

/** The run so far, or the first cycles when nothing was trained yet. */
export async function cyclicView(clr: ShownCycles): Promise<NotebookView> {
  if (clr.history.iterations.length > 0) return await schedulerView(clr);
  const { stepSize, stepSizeDown } = clr.options;
  return await scheduleView(clr, CYCLES_AHEAD * (stepSize + stepSizeDown));
}

/** The first iterations, where it is known how many and at which rates. */
async function scheduleView(
  scheduler: ShownScheduler,
  iterations: number,
): Promise<NotebookView> {
  const { schedule } = scheduler;
  if (!Number.isFinite(iterations) || schedule === unresolved) {
    return { text: `${scheduler}` };
  }
  const { scheduleSpec } = await import("../../plots/specs/mod.ts");
  const chart = scheduleSpec(scheduler, Math.max(1, Math.round(iterations)));
  return { text: chart.description, chart };
}
