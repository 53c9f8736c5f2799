import {
  type Check,
  checkData,
  finite,
  flag,
  oneOf,
  optional,
  parseData,
  record,
  show,
  text,
  that,
} from "../runtime/check_data.ts";
import { showInNotebooks } from "../runtime/notebook.ts";
import { shortNumber } from "../runtime/short_number.ts";
import {
  type CyclePosition,
  type Cycles,
  cycles,
  type CyclicOptions,
  type ResolvedCyclicOptions,
  type ScaleFn,
} from "../schedules/cyclic.ts";
import { checkCycleFactor, restartOf } from "../schedules/cycle_lengths.ts";
import { checkNames } from "../runtime/check_names.ts";
import type { HistoryOptions, Logs } from "./history.ts";
import {
  type LearningRateBounds,
  missingBounds,
} from "./learning_rate_bounds.ts";
import {
  LearningRateScheduler,
  type SchedulerState,
} from "./learning_rate_scheduler.ts";
import { cyclicView } from "./_notebook.ts";
import {
  checkBatchesPerEpoch,
  trainingRun,
  unresolved,
} from "./training_run.ts";

/** What {@linkcode CyclicLROptions.onCycleEnd} is told. */
export interface CycleEnd {
  /** The cycle that has ended, counted from 1 since the last reset. */
  readonly cycle: number;
  /** Batches trained altogether. */
  readonly totalIterations: number;
}

/** Options of {@linkcode CyclicLR}: those of the cyclic schedule, and its ends. */
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
   * loop of one's own asks `finished`. Without it, cycles go on.
   */
  stopAfterCycles?: number;
}

/** Options of {@linkcode CyclicLR.fromRange}. */
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

const RESET_NAMES = Object.keys(
  {
    baseLr: 0,
    maxLr: 0,
    stepSize: 0,
    stepSizeDown: 0,
  } satisfies Record<keyof CyclicLRResetOptions, 0>,
);

const NAMES = Object.keys(
  {
    stepSizeEpochs: 0,
    batchesPerEpoch: 0,
    baseLr: 0,
    maxLr: 0,
    stepSize: 0,
    stepSizeDown: 0,
    cycleFactor: 0,
    cycles: 0,
    mode: 0,
    gamma: 0,
    scaleFn: 0,
    scaleMode: 0,
    waveform: 0,
    momentum: 0,
    onCycleEnd: 0,
    stopAfterCycles: 0,
    historyLimit: 0,
  } satisfies Record<keyof CyclicLROptions, 0>,
);

/** Parameters that {@linkcode CyclicLR.reset} changes. */
export type CyclicLRResetOptions = Pick<
  CyclicOptions,
  "baseLr" | "maxLr" | "stepSize" | "stepSizeDown"
>;

/** A {@linkcode CyclicLR} as plain data; `scaleFn` is code and not in it. */
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
  /** The cycles after which training stops; absent if it goes on. */
  readonly stopAfterCycles?: number;
}

/**
 * Cyclical learning rates: the rate goes up from `baseLr` to `maxLr` and down
 * again, batch by batch, cycle after cycle. {@linkcode CyclicOptions} describes
 * the options; the defaults are the paper's for CIFAR-10.
 *
 * With t the batches since the last reset, and equal halves,
 * `cycle = ⌊1 + t / (2·stepSize)⌋`, `x = |t / stepSize − 2·cycle + 1|` and
 * `rate = baseLr + (maxLr − baseLr) · max(0, 1 − x) · scale`, where `scale` is 1
 * (`"triangular"`), `1 / 2^(cycle − 1)` (`"triangular2"`) or `gamma^t`
 * (`"exp_range"`). Batch t trains at rate(t).
 *
 * Smith, "Cyclical Learning Rates for Training Neural Networks" (2015),
 * {@link https://arxiv.org/abs/1506.01186}. The steps of a cycle are best 2 to
 * 10 epochs each, and training is best ended at the end of a cycle.
 *
 * @throws {RangeError} If a rate is negative or not finite, `maxLr` is below
 * `baseLr`, a step size is not > 0, or an option is none of its choices.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { CyclicLR } from "@clr/clr";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
 * });
 * model.compile({
 *   optimizer: tf.train.momentum(0.001, 0.9),
 *   loss: "meanSquaredError",
 * });
 * const xs = tf.randomNormal([64, 2]);
 * const ys = xs.sum(1, true);
 *
 * const clr = new CyclicLR({ baseLr: 0.001, maxLr: 0.1, stepSize: 8 });
 * await model.fit(xs, ys, { batchSize: 8, epochs: 4, verbose: 0, callbacks: [clr] });
 *
 * console.log(clr.cycle); // 3: two cycles of 16 batches are over
 * console.log(Math.max(...clr.history.lr)); // 0.1
 * ```
 */
export class CyclicLR extends LearningRateScheduler {
  #cycles: Cycles;
  /** Until `fit` says how many batches these are. */
  #stepSizeEpochs: number | undefined;
  #onCycleEnd: CyclicLROptions["onCycleEnd"];
  #stopAfterCycles: number | undefined;
  /** The one of the constructor, which no restored state changes. */
  readonly #ownStop: number | undefined;
  /** What `onCycleEnd` returned and nobody has awaited yet. */
  #ending: Promise<void> | undefined;

  /** Creates the schedule; it starts at `baseLr`. */
  constructor(options: CyclicLROptions = {}) {
    checkNames("create a cyclic schedule", options, NAMES);
    const {
      onCycleEnd,
      stopAfterCycles,
      stepSizeEpochs,
      batchesPerEpoch,
      historyLimit,
      ...cyclic
    } = options;
    checkStep(options);
    const known = stepSizeEpochs === undefined || batchesPerEpoch !== undefined;
    const created = cycles(
      stepSizeEpochs === undefined || batchesPerEpoch === undefined
        ? cyclic
        : { ...cyclic, stepSize: stepSizeEpochs * batchesPerEpoch },
    );
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
    super(known ? created.at : unresolved, { historyLimit });
    this.#cycles = created;
    if (!known) this.#stepSizeEpochs = stepSizeEpochs;
    this.#onCycleEnd = onCycleEnd;
    this.#stopAfterCycles = stopAfterCycles;
    this.#ownStop = stopAfterCycles;
  }

  /**
   * The schedule between the bounds that a range test found.
   *
   * @param range A `LearningRateRange`, or any `{ baseLr, maxLr }`.
   * @param options As for the constructor, and the length of the training; a
   * bound given here is used in place of the range's.
   * @throws {RangeError} If the range lacks a bound that `options` does not
   * give, which is what a range test with a verdict other than good may do.
   *
   * @example
   * ```ts
   * import { CyclicLR } from "@clr/clr";
   *
   * const range = { baseLr: 0.001, maxLr: 0.006 };
   * const clr = CyclicLR.fromRange(range, { stepSize: 500, mode: "triangular2" });
   * console.log(clr.at(500)); // 0.006
   * ```
   *
   * @example Cycles that end with the training
   * ```ts
   * import { CyclicLR } from "@clr/clr";
   *
   * const range = { baseLr: 0.001, maxLr: 0.006, batchesPerEpoch: 500 };
   * const clr = CyclicLR.fromRange(range, { epochs: 20, cycles: 2 });
   * console.log(clr.options.stepSize); // 2500: five epochs up, five down, twice
   * ```
   *
   * @example Three cycles, each twice as long as the one before
   * ```ts
   * import { CyclicLR } from "@clr/clr";
   *
   * const range = { baseLr: 0.001, maxLr: 0.006, batchesPerEpoch: 500 };
   * const clr = CyclicLR.fromRange(range, { epochs: 28, cycles: 3, cycleFactor: 2 });
   * console.log(clr.at(2 * 500), clr.at(8 * 500)); // 0.006, 0.006: the peaks
   * ```
   */
  static fromRange(
    range: LearningRateBounds,
    options: CyclicLRFromRangeOptions = {},
  ): CyclicLR {
    const { epochs, cycles: count, ...others } = options;
    const { baseLr = range.baseLr, maxLr = range.maxLr } = options;
    if (baseLr === undefined || maxLr === undefined) {
      throw missingBounds("a cyclic", range, options);
    }
    const measured = epochs === undefined
      ? { ...others, ...(count !== undefined && { cycles: count }) }
      : { ...others, ...cyclesOf(epochs, count, others.cycleFactor) };
    return new CyclicLR({
      ...measured,
      baseLr,
      maxLr,
      ...(measured.stepSizeEpochs !== undefined && {
        batchesPerEpoch: others.batchesPerEpoch ?? range.batchesPerEpoch,
      }),
    });
  }

  /**
   * The schedule that {@linkcode CyclicLR.toJSON} described, at the batch where
   * it was, history included.
   *
   * @param json Text from `JSON.stringify(clr)`, or the object it stands for.
   * @param options The functions, where the schedule had some, and another end.
   * @throws {TypeError} If the data are not those of a `CyclicLR`, or a
   * `scaleFn` is needed and not given.
   * @throws {RangeError} If its options are none that the constructor takes.
   *
   * @example
   * ```ts
   * import { CyclicLR } from "@clr/clr";
   *
   * const clr = new CyclicLR({ stepSize: 500 });
   * const again = CyclicLR.fromJSON(JSON.stringify(clr));
   * console.log(again.at(500)); // 0.006
   * ```
   */
  static fromJSON(
    json: string | CyclicLRState,
    options: {
      /** The amplitude's factor, which JSON cannot hold. */
      scaleFn?: ScaleFn;
      /** Called after the last batch of each cycle. */
      onCycleEnd?: CyclicLROptions["onCycleEnd"];
      /** Ends `fit` after so many cycles, in place of what the data say. */
      stopAfterCycles?: number;
    } = {},
  ): CyclicLR {
    const state = parseData(ACTION, json) as CyclicLRState;
    checkData(ACTION, state, STATE);
    if (state.hasScaleFn && options.scaleFn === undefined) {
      throw new TypeError(
        "Cannot restore a CyclicLR as its scaleFn is code and not in the data: pass it as { scaleFn }",
      );
    }
    const { options: saved, stopAfterCycles, stepSizeEpochs } = state;
    const clr = new CyclicLR({
      ...saved,
      ...(stepSizeEpochs !== undefined && {
        stepSizeEpochs,
        stepSize: undefined,
        stepSizeDown: undefined,
      }),
      ...options,
      stopAfterCycles: options.stopAfterCycles ?? stopAfterCycles,
    });
    clr.restore(state);
    return clr;
  }

  /**
   * The options in force, with every default filled in; `stepSize` holds from
   * when `fit` begins, where it is measured in epochs.
   */
  get options(): ResolvedCyclicOptions {
    return this.#cycles.options;
  }

  /** The current cycle, counted from 1. */
  get cycle(): number {
    return this.#position.cycle;
  }

  /** Whether as many cycles are over as `stopAfterCycles` says. */
  get finished(): boolean {
    return this.#stopAfterCycles !== undefined &&
      this.cycle > this.#stopAfterCycles;
  }

  /** Batches from now to the end of the current cycle, where training best ends. */
  get iterationsLeftInCycle(): number {
    return this.#position.iterationsLeft;
  }

  /**
   * Starts a new run of cycles at the next batch, with other parameters where
   * given. The history and the count of all batches go on.
   *
   * @param options What changes. A new `stepSize` is that of both halves of the
   * cycle unless `stepSizeDown` is given too.
   * @throws {RangeError} As the constructor does; the schedule then stays as it
   * was.
   *
   * @example
   * ```ts
   * import { CyclicLR } from "@clr/clr";
   *
   * const clr = new CyclicLR({ stepSize: 2000 });
   * clr.reset({ maxLr: 0.003, stepSize: 1000 });
   * console.log(clr.at(1000)); // 0.003
   * ```
   */
  override reset(options: CyclicLRResetOptions = {}): void {
    checkNames("reset a cyclic schedule", options, RESET_NAMES);
    const current = this.#cycles.options;
    const isWaiting = this.#stepSizeEpochs !== undefined &&
      options.stepSize === undefined;
    const {
      baseLr = current.baseLr,
      maxLr = current.maxLr,
      stepSize = current.stepSize,
      stepSizeDown = options.stepSize ?? current.stepSizeDown,
    } = options;
    this.#cycles = cycles({
      ...current,
      baseLr,
      maxLr,
      stepSize,
      stepSizeDown,
    });
    if (!isWaiting) this.#stepSizeEpochs = undefined;
    this.restart(isWaiting ? unresolved : this.#cycles.at);
  }

  /** As of every scheduler; calls `onCycleEnd` after the last batch of a cycle. */
  override step(logs?: Logs): void {
    const watched = this.#onCycleEnd ?? this.#stopAfterCycles;
    const cycle = watched === undefined ? 0 : this.cycle;
    super.step(logs);
    if (watched === undefined || this.cycle === cycle) return;
    const { totalIterations } = this;
    const ending = this.#onCycleEnd?.({ cycle, totalIterations });
    if (ending === undefined) return;
    this.#ending = Promise.all([this.#ending, ending]).then(() => {});
    // Whoever flushes next gets the error; until then it is not unhandled.
    this.#ending.catch(() => {});
  }

  /** As of every scheduler; waits for `onCycleEnd` as well. */
  override async flush(): Promise<void> {
    await this.#ended();
    await super.flush();
  }

  /** Called by `fit`. */
  override onTrainBegin(): Promise<void> {
    if (this.finished) {
      throw new RangeError(
        `Cannot train on as no more than stopAfterCycles (${this.#stopAfterCycles}) cycles must be over: call reset() to start a new run of cycles, or go on from toJSON() with a larger stopAfterCycles`,
      );
    }
    if (this.#stepSizeEpochs !== undefined) {
      const { batchesPerEpoch } = trainingRun(this.params);
      const stepSize = this.#stepSizeEpochs * batchesPerEpoch;
      this.#cycles = cycles({
        ...this.#cycles.options,
        stepSize,
        stepSizeDown: stepSize,
      });
      this.#stepSizeEpochs = undefined;
      this.follow(this.#cycles.at);
    }
    return super.onTrainBegin();
  }

  /** Called by `fit`. */
  override onBatchEnd(batch: number, logs?: Logs): Promise<void> {
    const done = super.onBatchEnd(batch, logs);
    if (this.finished) this.model.stopTraining = true;
    return this.#ending === undefined ? done : this.#ended();
  }

  async #ended(): Promise<void> {
    const ending = this.#ending;
    this.#ending = undefined;
    await ending;
  }

  /**
   * Takes over the options, counts and history of an earlier schedule, but for a
   * `scaleFn`, which is code and stays, as does a `stopAfterCycles` that the
   * constructor was given.
   *
   * @param state What {@linkcode CyclicLR.toJSON} gave.
   * @throws {TypeError} If the data are not those of a `CyclicLR`, or only one
   * of the two has a `scaleFn`.
   */
  override restore(state: SchedulerState): void {
    checkData(ACTION, state, STATE);
    const { options, hasScaleFn, stopAfterCycles } = state as CyclicLRState;
    const { scaleFn } = this.#cycles.options;
    if (hasScaleFn !== (scaleFn !== undefined)) {
      throw new TypeError(
        `Cannot ${ACTION} ${
          scaleFn ? "with" : "without"
        } a scaleFn as the data must be of one: current value is ${
          hasScaleFn ? "with" : "without"
        } a scaleFn`,
      );
    }
    const { stepSizeEpochs } = state as CyclicLRState;
    const restored = cycles({ ...options, scaleFn });
    this.restoreState(
      state,
      stepSizeEpochs === undefined ? restored.at : unresolved,
    );
    this.#cycles = restored;
    this.#stepSizeEpochs = stepSizeEpochs;
    this.#stopAfterCycles = this.#ownStop ?? stopAfterCycles;
  }

  /** Plain data for {@linkcode CyclicLR.fromJSON}; `JSON.stringify` calls it. */
  override toJSON(): CyclicLRState {
    const { scaleFn, ...options } = this.#cycles.options;
    return {
      type: "CyclicLR",
      version: 1,
      options,
      hasScaleFn: scaleFn !== undefined,
      ...(this.#stepSizeEpochs !== undefined &&
        { stepSizeEpochs: this.#stepSizeEpochs }),
      ...(this.#stopAfterCycles !== undefined &&
        { stopAfterCycles: this.#stopAfterCycles }),
      ...this.state(),
    };
  }

  /** As of every scheduler, with the bounds and the place in the cycle. */
  protected override describePosition(): string {
    const {
      baseLr,
      maxLr,
      mode,
      scaleFn,
      stepSize,
      stepSizeDown,
      cycleFactor,
    } = this.options;
    const steps = this.#stepSizeEpochs !== undefined
      ? `steps of ${shortNumber(this.#stepSizeEpochs)} epochs`
      : stepSize === stepSizeDown
      ? `steps of ${shortNumber(stepSize)} batches`
      : `steps of ${shortNumber(stepSize)} batches up and ${
        shortNumber(stepSizeDown)
      } down`;
    const growth = cycleFactor === 1
      ? ""
      : `, each cycle ${shortNumber(cycleFactor)} times as long`;
    return `(${scaleFn ? "scaleFn" : mode}, ${shortNumber(baseLr)} to ${
      shortNumber(maxLr)
    }, ${steps}${growth}) in cycle ${this.cycle}, ${super.describePosition()}`;
  }

  get #position(): CyclePosition {
    return this.#cycles.positionAt(this.iteration);
  }
}

/**
 * The first step, in epochs, of so many cycles in so many epochs, and how many
 * there are where they become shorter.
 */
function cyclesOf(
  epochs: number,
  cycles: number | undefined,
  factor = 1,
): Pick<CyclicLROptions, "stepSizeEpochs" | "cycles"> {
  const action = "create a cyclic schedule from a learning-rate range";
  if (!(Number.isFinite(epochs) && epochs > 0)) {
    throw new RangeError(
      `Cannot ${action} as epochs must be finite and > 0: current value is ${
        show(epochs)
      }`,
    );
  }
  checkCycleFactor(action, { size: Infinity, factor, cycles: 1 });
  const stepOf = (count: number) => epochs / (2 * restartOf(count, 1, factor));
  const count = cycles ?? usualCycles(stepOf, factor);
  if (!(Number.isSafeInteger(count) && count >= 1)) {
    throw new RangeError(
      `Cannot ${action} as cycles must be a whole number >= 1: current value is ${cycles}`,
    );
  }
  return {
    stepSizeEpochs: stepOf(count),
    ...(factor < 1 && { cycles: count }),
  };
}

/** As many cycles as leave the shortest of them steps of the usual epochs. */
function usualCycles(stepOf: (count: number) => number, factor: number) {
  const shortest = (count: number) =>
    stepOf(count) * Math.min(1, factor ** (count - 1));
  let count = 1;
  while (shortest(count + 1) >= USUAL_STEP) count++;
  return count;
}

/** Epochs of a step in the paper's experiments with CIFAR-10. */
const USUAL_STEP = 4;

/** Throws unless the size of a step is given once, and as it must be. */
function checkStep(options: CyclicLROptions): void {
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

const ACTION = "restore a CyclicLR";

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
  stopAfterCycles: optional(
    that(
      "be a whole number >= 1",
      (value) => Number.isSafeInteger(value) && value as number >= 1,
    ),
  ),
});

showInNotebooks(CyclicLR, cyclicView);
