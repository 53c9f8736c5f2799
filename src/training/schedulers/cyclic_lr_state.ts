import {
  type Check,
  checkData,
  finite,
  flag,
  oneOf,
  optional,
  record,
  text,
  that,
} from "../../runtime/check_data.ts";
import type { ResolvedCyclicOptions } from "../../schedules/cyclic_options.ts";
import type { SchedulerState } from "./scheduler_state.ts";

/** A `CyclicLR` as plain data; `scaleFn` is code and not in it. */
export interface CyclicLRState extends SchedulerState {
  /** Says what these data are. */
  readonly type: "CyclicLR";
  /** Of this format. */
  readonly version: 1;
  /** The options, with every default filled in. */
  readonly options: Omit<ResolvedCyclicOptions, "scaleFn">;
  /** Whether the schedule has a `scaleFn`, which has to be given again. */
  readonly hasScaleFn: boolean;
  /** The step in epochs, as long as nothing says how many batches these are. */
  readonly stepSizeEpochs?: number;
  /**
   * The step in epochs of which `options` have the batches, to be measured anew
   * in the first `fit` after a reset; absent where it was given in batches.
   */
  readonly resolvedEpochs?: number;
  /** The cycles after which training stops; absent if it goes on. */
  readonly stopAfterCycles?: number;
}

/** What fails where the data are others. */
export const RESTORE = "restore a CyclicLR";

const STATE: Check = record({
  type: oneOf("CyclicLR"),
  version: oneOf(1),
  options: record({
    baseLr: finite,
    maxLr: finite,
    stepSize: finite,
    stepSizeDown: finite,
    cycleFactor: optional(finite),
    cycles: optional(finite),
    mode: text,
    gamma: finite,
    scaleMode: text,
    waveform: text,
    momentum: optional(record({ base: finite, max: finite })),
  }),
  hasScaleFn: flag,
  stepSizeEpochs: optional(finite),
  resolvedEpochs: optional(finite),
  stopAfterCycles: optional(
    that(
      "be a whole number >= 1",
      (value) => Number.isSafeInteger(value) && value as number >= 1,
    ),
  ),
});

/** Throws unless `state` is that of a `CyclicLR`. */
export function checkCyclicState(
  state: unknown,
): asserts state is CyclicLRState {
  checkData(RESTORE, state, STATE);
}
