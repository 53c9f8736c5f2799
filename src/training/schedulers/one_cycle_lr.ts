import { checkNames } from "../../runtime/check_names.ts";
import type { MomentumRange } from "../../schedules/momentum_range.ts";
import {
  ONE_CYCLE_NAMES,
  oneCycle,
  type OneCycleOptions,
} from "../../schedules/one_cycle.ts";
import type { Schedule } from "../../schedules/schedule.ts";
import { getMomentum } from "../../tfjs/momentum.ts";
import type { Optimizer } from "../../tfjs/types.ts";
import type { HistoryOptions } from "../history/history.ts";
import {
  checkRangeAndOptions,
  type LearningRateBounds,
  missingBounds,
} from "./learning_rate_bounds.ts";
import { LearningRateScheduler } from "./learning_rate_scheduler.ts";
import {
  checkBatchesPerEpoch,
  trainingRun,
  unresolved,
} from "./_training_run.ts";
import {
  type Check,
  checkData,
  oneOf,
  optional,
  record,
  show,
  that,
} from "../../runtime/check_data.ts";
import type { SchedulerState } from "./scheduler_state.ts";
import { shortNumber } from "../../runtime/short_number.ts";

/** Options of {@linkcode OneCycleLR}. */
export interface OneCycleLROptions
  extends Omit<OneCycleOptions, "iterations" | "momentum">, HistoryOptions {
  /**
   * The batches of the whole training.
   *
   * @default {as many as `fit` trains, or as `epochs` have}
   */
  iterations?: number;
  /**
   * The epochs of the whole training.
   *
   * @default {those of `fit`, from its `initialEpoch` on}
   */
  epochs?: number;
  /**
   * The batches of an epoch.
   *
   * @default {those of `fit`}
   */
  batchesPerEpoch?: number;
  /**
   * Cycles the momentum between these bounds, inversely to the rate; false
   * leaves it alone.
   *
   * @default {{ base: 0.85, max: 0.95 } for an optimizer that has momentum}
   */
  momentum?: MomentumRange | false;
}

/** A `OneCycleLR` as plain data. */
export interface OneCycleLRState extends SchedulerState {
  /** Says what these data are. */
  readonly type: "OneCycleLR";
  /** The batches of the training; absent until `fit` says. */
  readonly iterations?: number;
}

const ACTION = "create a one-cycle schedule";

const STATE: Check = record({
  type: oneOf("OneCycleLR"),
  iterations: optional(that(
    "be a whole number >= 2",
    (value) => Number.isSafeInteger(value) && value as number >= 2,
  )),
});

type OwnOptions = Omit<OneCycleLROptions, keyof OneCycleOptions>;

const NAMES = [
  ...ONE_CYCLE_NAMES,
  ...Object.keys(
    {
      epochs: 0,
      batchesPerEpoch: 0,
      historyLimit: 0,
    } satisfies Record<keyof OwnOptions, 0>,
  ),
];

const MOMENTUM: MomentumRange = { base: 0.85, max: 0.95 };

/**
 * One cycle for the whole of a training: the rate rises to `maxLr` in the first
 * 30 % of the batches and is annealed to almost nothing in the others, while the
 * momentum goes the other way. `fit` tells it how many batches there are; in a
 * loop of one's own, give `iterations`, or `epochs` and `batchesPerEpoch`.
 *
 * A `fit` that goes on beyond the cycle stays at its last rate; another `fit` is
 * refused until {@linkcode LearningRateScheduler.reset | reset} starts over. One
 * that is restored in the middle of a cycle ends it as it was begun, however many
 * batches the next `fit` has.
 *
 * {@linkcode OneCycleOptions} describes the shape, which is PyTorch's `OneCycleLR`
 * and fast.ai's `fit_one_cycle`. The momentum cycles by default, as there: of
 * Momentum, RMSProp with momentum and, as beta1, Adam and Adamax.
 *
 * Sources: Smith and Topin, "Super-Convergence" (2017),
 * {@link https://arxiv.org/abs/1708.07120}; Smith, "A disciplined approach to
 * neural network hyper-parameters" (2018), {@link https://arxiv.org/abs/1803.09820}.
 *
 * @throws {RangeError} If an option is out of its range.
 * @throws {TypeError} If an option is none of these.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { AdamW, OneCycleLR } from "@clr/clr/training";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
 * });
 * model.compile({ optimizer: new AdamW(), loss: "meanSquaredError" });
 * const xs = tf.randomNormal([64, 2]);
 *
 * const clr = new OneCycleLR({ maxLr: 0.1 });
 * await model.fit(xs, xs.sum(1, true), {
 *   batchSize: 8,
 *   epochs: 5,
 *   verbose: 0,
 *   callbacks: [clr],
 * });
 * console.log(Math.max(...clr.history.lr), clr.history.lr.at(-1)); // 0.1, 4e-7
 * ```
 */
export class OneCycleLR extends LearningRateScheduler {
  readonly #options: OneCycleLROptions;
  /** The batches of the training; undefined until `fit` says. */
  #iterations: number | undefined;
  /** Whether it was `fit` that said so. */
  #learned = false;
  /** Whether a `fit` is to say how many batches the epochs have that were given. */
  #isRestored = false;
  #optimizer: Optimizer | undefined;
  /** Whether the cycle was over when the present `fit` began. */
  #wasOver = false;

  /** Creates the schedule; it starts at `maxLr / divFactor`. */
  constructor(options: OneCycleLROptions) {
    checkNames(ACTION, options, NAMES);
    const iterations = checkLength(options);
    // The shape is checked now, whatever the length will be.
    const schedule = scheduleOf(options, iterations ?? 2);
    super(iterations === undefined ? unresolved : schedule, {
      historyLimit: options.historyLimit,
    });
    this.#options = { ...options };
    this.#iterations = iterations;
  }

  /**
   * One cycle to the upper bound that a range test found.
   *
   * @param range A `LearningRateRange`, or any `{ maxLr }`.
   * @param options As for the constructor; a `maxLr` given here is used in place
   * of the range's.
   * @throws {RangeError} If the range has no upper bound and `options` neither.
   *
   * @example
   * ```ts
   * import { OneCycleLR } from "@clr/clr/training";
   *
   * const clr = OneCycleLR.fromRange({ maxLr: 0.1 }, { iterations: 100 });
   * console.log(clr.at(29)); // 0.1
   * ```
   */
  static fromRange(
    range: LearningRateBounds,
    options: Partial<OneCycleLROptions> = {},
  ): OneCycleLR {
    checkRangeAndOptions("a one-cycle", range, options);
    const { maxLr = range.maxLr, batchesPerEpoch = range.batchesPerEpoch } =
      options;
    if (maxLr === undefined) throw missingBounds("a one-cycle", range, options);
    return new OneCycleLR({ ...options, maxLr, batchesPerEpoch });
  }

  /** The batches of the training; undefined until `fit` says. */
  get iterations(): number | undefined {
    return this.#iterations;
  }

  /** Plain data for {@linkcode OneCycleLR.restore}. */
  override toJSON(): OneCycleLRState {
    return {
      type: "OneCycleLR",
      ...(this.#iterations !== undefined && { iterations: this.#iterations }),
      ...this.state(),
    };
  }

  /**
   * Takes over the counts, the history and the length of an earlier one; the
   * length that the constructor was given stays. Where that is in epochs, the next
   * `fit` says how many batches they have; until then the earlier one's holds.
   *
   * @throws {TypeError} If the data are not those of a `OneCycleLR`, which then
   * stays as it was.
   */
  override restore(state: OneCycleLRState): void {
    checkData("restore a OneCycleLR", state, STATE);
    const iterations = checkLength(this.#options) ?? state.iterations;
    this.restoreState(
      state,
      iterations === undefined
        ? unresolved
        : scheduleOf(this.#options, iterations, this.#optimizer),
    );
    this.#iterations = iterations;
    this.#learned = checkLength(this.#options) === undefined;
    this.#isRestored = this.#learned && this.#options.epochs !== undefined;
  }

  /** Takes charge of `optimizer`, and of its momentum where it has one. */
  override attach(optimizer: Optimizer): this {
    this.#optimizer = optimizer;
    const { momentum } = this.#options;
    if (momentum === undefined && this.#iterations !== undefined) {
      this.follow(scheduleOf(this.#options, this.#iterations, optimizer));
    }
    return super.attach(optimizer);
  }

  /** Called by `fit`. */
  override onTrainBegin(): Promise<void> {
    // After a reset the next fit may be of another length.
    if (
      this.#iterations === undefined || this.#learned && !this.iteration ||
      this.#isRestored
    ) {
      const { epochs, batchesPerEpoch } = this.#options;
      const run = trainingRun(this.params, batchesPerEpoch);
      this.#iterations = lengthOf(epochs ?? run.epochs, run.batchesPerEpoch);
      this.#learned = true;
      this.#isRestored = false;
      this.follow(scheduleOf(this.#options, this.#iterations));
    }
    this.#wasOver = this.iteration >= this.#iterations;
    return super.onTrainBegin();
  }

  /**
   * Called by `fit`.
   *
   * @throws {RangeError} If the cycle was over before: training would go on at
   * the end's rate, which is next to nothing.
   */
  override onBatchBegin(): Promise<void> {
    if (this.#wasOver) {
      throw new RangeError(
        `Cannot train on as the one cycle must have batches left: current value is ${this.iteration} of ${this.#iterations} trained; call reset() for another cycle, or give each fit a OneCycleLR of its own`,
      );
    }
    return Promise.resolve();
  }

  /** As of every scheduler, with the peak and the length. */
  protected override describePosition(): string {
    const length = this.#iterations === undefined
      ? "as long as the training"
      : `${this.#iterations} batches`;
    return `(to ${
      shortNumber(this.#options.maxLr)
    }, ${length}) ${super.describePosition()}`;
  }
}

/** The batches of so many epochs; a cycle needs two. */
function lengthOf(epochs: number, batchesPerEpoch: number): number {
  return Math.max(2, Math.ceil(epochs * batchesPerEpoch));
}

/** The length that the options give, where they do. */
function checkLength(options: OneCycleLROptions): number | undefined {
  const { iterations, epochs, batchesPerEpoch } = options;
  checkBatchesPerEpoch(ACTION, batchesPerEpoch);
  if (
    epochs !== undefined &&
    !(typeof epochs === "number" && epochs > 0 && epochs < Infinity)
  ) {
    throw new RangeError(
      `Cannot ${ACTION} as epochs must be finite and > 0: current value is ${
        show(epochs)
      }`,
    );
  }
  if (iterations !== undefined && epochs !== undefined) {
    throw new RangeError(
      `Cannot ${ACTION} as its length must be given once: current value is iterations ${iterations} and epochs ${epochs}`,
    );
  }
  if (iterations !== undefined) return iterations;
  if (epochs === undefined || batchesPerEpoch === undefined) return undefined;
  return lengthOf(epochs, batchesPerEpoch);
}

function scheduleOf(
  options: OneCycleLROptions,
  iterations: number,
  optimizer?: Optimizer,
): Schedule {
  const {
    epochs: _,
    batchesPerEpoch: __,
    historyLimit: ___,
    momentum,
    ...shape
  } = options;
  const usual = optimizer && hasMomentum(optimizer) ? MOMENTUM : undefined;
  return oneCycle({
    ...shape,
    iterations,
    momentum: momentum === false ? undefined : momentum ?? usual,
  });
}

/** Whether the optimizer has a momentum and uses it: RMSProp's is 0 by default. */
function hasMomentum(optimizer: Optimizer): boolean {
  try {
    return getMomentum(optimizer) > 0;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
