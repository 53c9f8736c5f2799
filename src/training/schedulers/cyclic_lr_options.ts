import { show } from "../../runtime/check_data.ts";
import {
  CYCLIC_NAMES,
  type CyclicOptions,
  type ScaleFn,
} from "../../schedules/cyclic_options.ts";
import type { HistoryOptions } from "../history/history.ts";
import { checkBatchesPerEpoch } from "./_training_run.ts";

/** What {@linkcode CyclicLROptions.onCycleEnd} is told. */
export interface CycleEnd {
  /** The cycle that has ended, counted from 1 since the last reset. */
  readonly cycle: number;
  /** Batches trained altogether. */
  readonly totalIterations: number;
}

/** Options of `CyclicLR`: those of the cyclic schedule, and its ends. */
export interface CyclicLROptions extends CyclicOptions, HistoryOptions {
  /**
   * Called after the last batch of each cycle. `fit` waits for what it returns
   * before the next batch; a loop of one's own awaits `flush`.
   */
  onCycleEnd?: (end: CycleEnd) => void | Promise<void>;
  /**
   * Epochs from base to peak, in place of `stepSize`: as many batches as so many
   * epochs of `fit` have, or of `batchesPerEpoch`. The paper: 2 to 10. A
   * Dataset that does not say how many batches it has needs the latter.
   *
   * It is measured in the first `fit`, and anew in the first after a `reset`: one
   * in between with a batch size of another goes on in steps of as many batches.
   */
  stepSizeEpochs?: number;
  /**
   * The batches of an epoch, for `stepSizeEpochs`.
   *
   * @default {those of `fit`}
   */
  batchesPerEpoch?: number;
  /**
   * Ends `fit` after so many cycles since the last reset, whatever the epochs. A
   * loop of one's own asks `finished`. At most `cycles`. Without it, cycles go on.
   */
  stopAfterCycles?: number;
}

/** Options of `CyclicLR.fromRange`. */
export interface CyclicLRFromRangeOptions extends CyclicLROptions {
  /** Epochs of the whole training, whose end is then that of a cycle. */
  epochs?: number;
  /**
   * Cycles in `epochs`, in all of which the schedule goes on after them unless
   * `cycleFactor` is below 1; without `epochs`, as for the constructor.
   *
   * @default {as many as leave steps of 4 epochs or more, 1 at least}
   */
  cycles?: number;
}

/** Parameters that `CyclicLR.reset` changes. */
export type CyclicLRResetOptions = Pick<
  CyclicOptions,
  "baseLr" | "maxLr" | "stepSize" | "stepSizeDown"
>;

/** The names of what a reset changes. */
export const RESET_NAMES = Object.keys(
  {
    baseLr: 0,
    maxLr: 0,
    stepSize: 0,
    stepSizeDown: 0,
  } satisfies Record<keyof CyclicLRResetOptions, 0>,
);

/** What `CyclicLR.fromJSON` is given beside the data. */
export interface CyclicLRFromJSONOptions {
  /** The amplitude's factor, which JSON cannot hold. */
  scaleFn?: ScaleFn;
  /** Called after the last batch of each cycle. */
  onCycleEnd?: CyclicLROptions["onCycleEnd"];
  /** Ends `fit` after so many cycles, in place of what the data say. */
  stopAfterCycles?: number;
}

/** The names of what `CyclicLR.fromJSON` takes. */
export const FROM_JSON_NAMES = Object.keys(
  {
    scaleFn: 0,
    onCycleEnd: 0,
    stopAfterCycles: 0,
  } satisfies Record<keyof CyclicLRFromJSONOptions, 0>,
);

type OwnOptions = Omit<CyclicLROptions, keyof CyclicOptions>;

/** The names of all options. */
export const NAMES = [
  ...CYCLIC_NAMES,
  ...Object.keys(
    {
      stepSizeEpochs: 0,
      batchesPerEpoch: 0,
      onCycleEnd: 0,
      stopAfterCycles: 0,
      historyLimit: 0,
    } satisfies Record<keyof OwnOptions, 0>,
  ),
];

/** Throws unless the size of a step is given once, and as it must be. */
export function checkStep(options: CyclicLROptions): void {
  const { stepSizeEpochs, batchesPerEpoch, stepSize, stepSizeDown } = options;
  const action = "create a cyclic schedule";
  checkBatchesPerEpoch(action, batchesPerEpoch);
  if (stepSizeEpochs === undefined) return;
  if (!(Number.isFinite(stepSizeEpochs) && stepSizeEpochs > 0)) {
    throw new RangeError(
      `Cannot ${action} as stepSizeEpochs must be finite and > 0: current value is ${
        show(stepSizeEpochs)
      }`,
    );
  }
  if (stepSize !== undefined || stepSizeDown !== undefined) {
    throw new RangeError(
      `Cannot ${action} as the size of a step must be given in batches or in epochs: current value is both`,
    );
  }
}

/** Throws where there is no cycle after whose end training is to stop. */
export function checkReached(
  action: string,
  { stopAfterCycles = 0, cycles = Infinity }: Pick<
    CyclicLROptions,
    "stopAfterCycles" | "cycles"
  >,
): void {
  if (stopAfterCycles <= cycles) return;
  throw new RangeError(
    `Cannot ${action} as stopAfterCycles must be <= cycles (${cycles}), or training would never stop: current value is ${stopAfterCycles}`,
  );
}

/** Throws unless the cycles after which training ends are a whole number, and what is called after each a function. */
export function checkEnd(
  { stopAfterCycles, onCycleEnd, cycles }: Pick<
    CyclicLROptions,
    "stopAfterCycles" | "onCycleEnd" | "cycles"
  >,
): void {
  if (onCycleEnd !== undefined && typeof onCycleEnd !== "function") {
    throw new TypeError(
      `Cannot create a cyclic schedule as onCycleEnd must be a function: current value is ${
        show(onCycleEnd)
      }`,
    );
  }
  if (
    stopAfterCycles !== undefined &&
    !(Number.isSafeInteger(stopAfterCycles) && stopAfterCycles >= 1)
  ) {
    throw new RangeError(
      `Cannot create a cyclic schedule as stopAfterCycles must be a whole number >= 1: current value is ${
        show(stopAfterCycles)
      }`,
    );
  }
  checkReached("create a cyclic schedule", { stopAfterCycles, cycles });
}
