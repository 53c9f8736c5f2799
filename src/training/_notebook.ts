import type { NotebookView } from "../runtime/notebook.ts";
import type { CyclicLR } from "./cyclic_lr.ts";
import type { LearningRateScheduler } from "./learning_rate_scheduler.ts";

/** As many cycles show what the scale does from one to the next. */
const CYCLES_AHEAD = 4;

/** The run so far, or where it is when nothing was trained yet. */
export async function schedulerView(
  scheduler: LearningRateScheduler,
): Promise<NotebookView> {
  if (scheduler.history.iterations.length === 0) {
    return { text: `Learning rate ${scheduler.learningRate} at iteration 0` };
  }
  // Only the specification, which draws nothing; and only in a notebook.
  const { historySpec } = await import("../plots/specs.ts");
  const chart = historySpec(scheduler);
  return { text: chart.description, chart };
}

/** The run so far, or the first cycles when nothing was trained yet. */
export async function cyclicView(clr: CyclicLR): Promise<NotebookView> {
  if (clr.history.iterations.length > 0) return await schedulerView(clr);
  const { stepSize, stepSizeDown } = clr.options;
  const { scheduleSpec } = await import("../plots/specs.ts");
  const chart = scheduleSpec(
    clr,
    Math.max(1, Math.round(CYCLES_AHEAD * (stepSize + stepSizeDown))),
  );
  return { text: chart.description, chart };
}
