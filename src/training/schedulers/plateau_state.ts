import {
  type Check,
  checkData,
  count,
  finite,
  oneOf,
  record,
  text,
} from "../../runtime/check_data.ts";
import { columnsWith, recordedNumber } from "../../runtime/columns.ts";
import type { Columns } from "../history/history.ts";
import type { ResolvedReduceLROnPlateauOptions } from "./plateau_options.ts";

/** One row for each value: which it was, the value, and the rate it was had at. */
export interface PlateauHistory extends Columns {
  /** Values so far, this one included. */
  readonly steps: readonly number[];
  /** The value. */
  readonly value: readonly number[];
  /** The rate, or the scale of the scheduler, before it was perhaps reduced. */
  readonly lr: readonly number[];
}

/** A `ReduceLROnPlateau` as plain data. */
export interface ReduceLROnPlateauState {
  /** Says what these data are. */
  readonly type: "ReduceLROnPlateau";
  /** Of this format. */
  readonly version: 1;
  /** The options, with every default filled in. */
  readonly options: ResolvedReduceLROnPlateauOptions;
  /** The best value so far, as text where JSON has no number for it; null before the first. */
  readonly best: number | "Infinity" | "-Infinity" | null;
  /** Values since the best, or since the last reduction. */
  readonly badSteps: number;
  /** Values for which the cooldown still lasts. */
  readonly cooldownLeft: number;
  /** What happened. */
  readonly history: PlateauHistory;
}

/** What fails where the data are others. */
export const RESTORE = "restore a ReduceLROnPlateau";

const STATE: Check = record({
  type: oneOf("ReduceLROnPlateau"),
  version: oneOf(1),
  options: record({
    monitor: text,
    mode: text,
    factor: finite,
    patience: finite,
    threshold: finite,
    thresholdMode: text,
    cooldown: finite,
    minLr: finite,
    epsilon: finite,
  }),
  best: recordedNumber,
  badSteps: count,
  cooldownLeft: count,
  history: columnsWith("steps", "value", "lr"),
});

/** Throws unless `state` is that of a `ReduceLROnPlateau`. */
export function checkPlateauState(
  state: unknown,
): asserts state is ReduceLROnPlateauState {
  checkData(RESTORE, state, STATE);
}
