import type { NotebookView } from "../runtime/notebook.ts";
import type { EpochHistory, History } from "./history.ts";

/** What is shown of a scheduler. */
interface ShownScheduler {
  readonly learningRate: number;
  readonly history: History;
  readonly epochHistory: EpochHistory;
}

/** What is shown of a cyclic one. */
interface ShownCycles extends ShownScheduler {
  at(iteration: number): number;
  readonly options: {
    readonly stepSize: number;
    readonly stepSizeDown: number;
  };
}

/** As many cycles show what the scale does from one to the next. */
const CYCLES_AHEAD = 4;

/** The run so far, or where it is when nothing was trained yet. */
export async function schedulerView(
  scheduler: ShownScheduler,
): Promise<NotebookView> {
  if (scheduler.history.iterations.length === 0) {
    return { text: `Learning rate ${scheduler.learningRate} at iteration 0` };
  }
  const { historySpec } = await import("../plots/specs.ts");
  const chart = historySpec(scheduler);
  return { text: chart.description, chart };
}

/** The run so far, or the first cycles when nothing was trained yet. */
export async function cyclicView(clr: ShownCycles): Promise<NotebookView> {
  if (clr.history.iterations.length > 0) return await schedulerView(clr);
  const { stepSize, stepSizeDown } = clr.options;
  const { scheduleSpec } = await import("../plots/specs.ts");
  const chart = scheduleSpec(
    clr,
    Math.max(1, Math.round(CYCLES_AHEAD * (stepSize + stepSizeDown))),
  );
  return { text: chart.description, chart };
}
