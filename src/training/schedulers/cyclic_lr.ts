import { parseData, show } from "../../runtime/check_data.ts";
import { checkNames } from "../../runtime/check_names.ts";
import { showInNotebooks } from "../../runtime/notebook.ts";
import { shortNumber } from "../../runtime/short_number.ts";
import {
  type CyclePosition,
  type Cycles,
  cycles,
} from "../../schedules/cyclic.ts";
import type { ResolvedCyclicOptions } from "../../schedules/cyclic_options.ts";
import { cyclesOf } from "./_cycles_of_epochs.ts";
import { cyclicView } from "./_notebook.ts";
import {
  checkEnd,
  checkReached,
  checkStep,
  type CyclicLRFromJSONOptions,
  type CyclicLRFromRangeOptions,
  type CyclicLROptions,
  type CyclicLRResetOptions,
  FROM_JSON_NAMES,
  NAMES,
  RESET_NAMES,
} from "./cyclic_lr_options.ts";
import {
  checkCyclicState,
  type CyclicLRState,
  RESTORE,
} from "./cyclic_lr_state.ts";
import type { Logs } from "../history/history.ts";
import {
  checkRangeAndOptions,
  type LearningRateBounds,
  missingBounds,
} from "./learning_rate_bounds.ts";
import { LearningRateScheduler } from "./learning_rate_scheduler.ts";
import type { SchedulerState } from "./scheduler_state.ts";
import { trainingRun, unresolved } from "./_training_run.ts";

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
  /** What it was then, until a reset gives steps in iterations. */
  #resolvedEpochs: number | undefined;
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
    checkEnd(options);
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
    checkRangeAndOptions("a cyclic", range, options);
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
    options: CyclicLRFromJSONOptions = {},
  ): CyclicLR {
    checkNames(RESTORE, options, FROM_JSON_NAMES);
    const state: unknown = parseData(RESTORE, json);
    checkCyclicState(state);
    if (state.hasScaleFn && options.scaleFn === undefined) {
      throw new TypeError(
        "Cannot restore a CyclicLR as its scaleFn is code and not in the data: pass it as { scaleFn }",
      );
    }
    const { options: saved, stopAfterCycles = 0, stepSizeEpochs } = state;
    // Earlier releases took one that no cycle reaches, and their data say so.
    const isReached = stopAfterCycles <= (saved.cycles ?? Infinity);
    const clr = new CyclicLR({
      ...saved,
      ...(stepSizeEpochs !== undefined && {
        stepSizeEpochs,
        stepSize: undefined,
        stepSizeDown: undefined,
      }),
      ...options,
      stopAfterCycles: options.stopAfterCycles ??
        (isReached ? state.stopAfterCycles : undefined),
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
    if (isWaiting && options.stepSizeDown !== undefined) {
      throw new RangeError(
        `Cannot reset a cyclic schedule as stepSizeDown must come with a stepSize where the step is measured in epochs that nobody knows the batches of: current value is ${
          show(options.stepSizeDown)
        } alone`,
      );
    }
    const {
      baseLr = current.baseLr,
      maxLr = current.maxLr,
      stepSize = current.stepSize,
      stepSizeDown = options.stepSize ?? current.stepSizeDown,
    } = options;
    const next = cycles({
      ...current,
      baseLr,
      maxLr,
      stepSize,
      stepSizeDown,
    });
    this.restart(isWaiting ? unresolved : next.at);
    this.#cycles = next;
    if (!isWaiting) this.#stepSizeEpochs = undefined;
    if (options.stepSize !== undefined || options.stepSizeDown !== undefined) {
      this.#resolvedEpochs = undefined;
    }
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
    // After a reset the epochs of the next fit may have other batches.
    const epochs = this.#stepSizeEpochs ??
      (this.iteration === 0 ? this.#resolvedEpochs : undefined);
    if (epochs !== undefined) {
      const { batchesPerEpoch } = trainingRun(this.params);
      const stepSize = epochs * batchesPerEpoch;
      this.#cycles = cycles({
        ...this.#cycles.options,
        stepSize,
        stepSizeDown: stepSize,
      });
      this.#stepSizeEpochs = undefined;
      this.#resolvedEpochs = epochs;
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
   * @throws {RangeError} If the `stopAfterCycles` that stays is beyond their `cycles`.
   */
  override restore(state: SchedulerState): void {
    checkCyclicState(state);
    const { options, hasScaleFn, stopAfterCycles, stepSizeEpochs } = state;
    const { scaleFn } = this.#cycles.options;
    if (hasScaleFn !== (scaleFn !== undefined)) {
      throw new TypeError(
        `Cannot ${RESTORE} ${
          scaleFn ? "with" : "without"
        } a scaleFn as the data must be of one: current value is ${
          hasScaleFn ? "with" : "without"
        } a scaleFn`,
      );
    }
    checkReached(RESTORE, {
      stopAfterCycles: this.#ownStop,
      cycles: options.cycles,
    });
    const restored = cycles({ ...options, scaleFn });
    this.restoreState(
      state,
      stepSizeEpochs === undefined ? restored.at : unresolved,
    );
    this.#cycles = restored;
    this.#stepSizeEpochs = stepSizeEpochs;
    this.#resolvedEpochs = state.resolvedEpochs;
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
      ...(this.#resolvedEpochs !== undefined &&
        { resolvedEpochs: this.#resolvedEpochs }),
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

showInNotebooks(CyclicLR, cyclicView);
