import {
  type Check,
  checkData,
  count,
  listOf,
  optional,
  record,
  show,
  text,
  that,
} from "../../runtime/check_data.ts";
import { columnsWith } from "../../runtime/columns.ts";
import { isRecord } from "../../runtime/records.ts";
import type { Schedule } from "../../schedules/schedule.ts";
import type { EpochHistory, History } from "../history/history.ts";

/** Counts and history of a scheduler, as plain data. */
export interface SchedulerState {
  /** Batches trained since the last reset. */
  readonly iteration: number;
  /** Batches trained altogether. */
  readonly totalIterations: number;
  /** Epochs of `fit` ended. */
  readonly epochs: number;
  /** What the rates are multiplied by; absent where that is 1. */
  readonly scale?: number;
  /** The most rows of the history; absent where there is no limit. */
  readonly historyLimit?: number;
  /**
   * Columns of a limited history that some batches logged nothing for, whose
   * means are over those that did; absent where there are none.
   */
  readonly sparse?: readonly string[];
  /**
   * The momentum that the optimizer had before; absent unless the schedule
   * cycles it.
   */
  readonly ownMomentum?: number;
  /** One row per batch, or for several. */
  readonly history: History;
  /** One row per epoch. */
  readonly epochHistory: EpochHistory;
}

/** The state of a scheduler without its history. */
export type StateAlone = Omit<SchedulerState, "history" | "epochHistory">;

/** What a `historyLimit` must be. */
export const historyLimitCheck: Check = that(
  "be a whole number >= 16",
  (value) => Number.isSafeInteger(value) && value as number >= 16,
);

const STATE: Check = record({
  iteration: count,
  totalIterations: count,
  epochs: count,
  scale: optional(that(
    "be a finite number >= 0",
    (value) => Number.isFinite(value) && value as number >= 0,
  )),
  historyLimit: optional(historyLimitCheck),
  sparse: optional(listOf(text)),
  ownMomentum: optional(that(
    "be >= 0 and < 1",
    (value) => typeof value === "number" && value >= 0 && value < 1,
  )),
  history: columnsWith("iterations", "lr"),
  epochHistory: columnsWith("epochs", "iterations"),
});

/** Whose state is more than counts: its counts alone mean nothing to another. */
const OTHERS: readonly unknown[] = ["CyclicLR", "OneCycleLR"];

/**
 * Throws where `state` is of another kind than a plain `LearningRateScheduler`,
 * unless `schedule` has the rates that were recorded since its last reset.
 */
export function checkPlainState(
  state: SchedulerState,
  schedule: Schedule,
): void {
  const type = isRecord(state) ? state.type : undefined;
  if (!OTHERS.includes(type)) return;
  checkState(state);
  if (hasRatesOf(state, schedule)) return;
  throw new TypeError(
    `Cannot restore a LearningRateScheduler as the data must be of one, or of the rates that it follows: current value is of a ${type} with others`,
  );
}

function hasRatesOf(state: SchedulerState, schedule: Schedule): boolean {
  const { history, iteration, totalIterations, scale = 1 } = state;
  const start = totalIterations - iteration;
  return history.iterations.every((count, row) =>
    count <= start ||
    history.lr[row] === scale * schedule(count - 1 - start)
  );
}

/** The epochs of a state, with their rates, which the first version left out. */
export function withRates(
  { history, epochHistory }: SchedulerState,
): EpochHistory {
  if (epochHistory.lr !== undefined) return epochHistory;
  const lr = epochHistory.iterations.map((iteration) =>
    history.lr[history.iterations.indexOf(iteration)] ?? NaN
  );
  return { ...epochHistory, lr };
}

/** Throws unless `state` is that of a scheduler. */
export function checkState(state: SchedulerState): void {
  const action = "restore a learning-rate scheduler";
  checkData(action, state, STATE);
  const { iteration, totalIterations } = state;
  if (iteration > totalIterations) {
    throw new TypeError(
      `Cannot ${action} as iteration must be <= totalIterations (${totalIterations}): current value is ${
        show(iteration)
      }`,
    );
  }
}
