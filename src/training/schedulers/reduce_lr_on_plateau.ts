import {
  checkData,
  parseData,
  record,
  show,
} from "../../runtime/check_data.ts";
import { checkKind } from "../../runtime/check_given.ts";
import { checkNames } from "../../runtime/check_names.ts";
import { copyColumn, readColumn } from "../../runtime/columns.ts";
import { showInConsole } from "../../runtime/console.ts";
import { shortNumber } from "../../runtime/short_number.ts";
import { CallbackBase } from "../../tfjs/callback_base.ts";
import { getLearningRate, setLearningRate } from "../../tfjs/learning_rate.ts";
import type { Optimizer } from "../../tfjs/types.ts";
import type { Logs } from "../history/history.ts";
import { checkComesBeforeSaver } from "./saver.ts";
import {
  checkInCharge,
  inChargeOf,
  LearningRateScheduler,
} from "./learning_rate_scheduler.ts";
import {
  ACTION,
  NAMES,
  type ReduceLROnPlateauOptions,
  resolve,
  type ResolvedReduceLROnPlateauOptions,
} from "./plateau_options.ts";
import {
  checkPlateauState,
  type PlateauHistory,
  type ReduceLROnPlateauState,
  RESTORE,
} from "./plateau_state.ts";

/**
 * Reduces the learning rate when a quantity has stopped improving, as PyTorch's
 * scheduler of this name: after more than `patience` values that are not better
 * than the best by `threshold`, the rate is multiplied by `factor`, and for
 * `cooldown` values none counts.
 *
 * It goes into `callbacks` of `fit` and `fitDataset` and looks at `monitor` at
 * the end of each epoch; in a loop of one's own, `attach(optimizer)` once and
 * `step(value)` after each evaluation. A value that is not a number is no
 * improvement.
 *
 * A relative threshold is a share of the best value's size, |best|: PyTorch's,
 * for a best below 0, would take a slightly worse value for a better one.
 *
 * With `scheduler` it lowers a schedule as a whole, such as the cycles of a
 * `CyclicLR`: both bounds, and the place in the cycle stays.
 *
 * @throws {RangeError} If an option is out of its range, or neither `mode` nor
 * the name of `monitor` tells where it is better.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { ReduceLROnPlateau } from "@clr/clr/training";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const optimizer = tf.train.adam(0.01);
 * const plateau = new ReduceLROnPlateau({ patience: 1 }).attach(optimizer);
 * for (const loss of [0.5, 0.4, 0.4, 0.4]) plateau.step(loss);
 * assertAlmostEquals(plateau.learningRate, 0.001);
 * ```
 *
 * @example Cycles that become lower where they no longer help
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { CyclicLR } from "@clr/clr";
 * import { ReduceLROnPlateau } from "@clr/clr/training";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
 * });
 * model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
 * const xs = tf.ones([8, 1]);
 *
 * const clr = new CyclicLR({ stepSize: 4 });
 * const plateau = new ReduceLROnPlateau({
 *   monitor: "loss",
 *   factor: 0.5,
 *   patience: 2,
 *   scheduler: clr,
 * });
 * await model.fit(xs, xs, {
 *   epochs: 4,
 *   verbose: 0,
 *   callbacks: [clr, plateau],
 * });
 * console.log(clr.scale); // 1, or 0.5 once the loss has stopped falling
 * ```
 */
export class ReduceLROnPlateau extends CallbackBase {
  #options: ResolvedReduceLROnPlateauOptions;
  readonly #scheduler: LearningRateScheduler | undefined;
  #optimizer: Optimizer | undefined;
  /** Which other scheduler had the optimizer when it was attached, and how far. */
  #other: { scheduler?: LearningRateScheduler; iteration?: number } = {};
  #best: number | undefined;
  #badSteps = 0;
  #cooldownLeft = 0;
  #history: { steps: number[]; value: number[]; lr: number[] } = {
    steps: [],
    value: [],
    lr: [],
  };

  /** Creates it with no value seen. */
  constructor(options: ReduceLROnPlateauOptions = {}) {
    super();
    checkData(ACTION, { options }, record({ options: record({}) }));
    checkNames(ACTION, options, NAMES);
    this.#options = resolve(options);
    const { scheduler } = options;
    checkKind(
      ACTION,
      { name: "scheduler", value: scheduler, must: "a LearningRateScheduler" },
      scheduler === undefined || scheduler instanceof LearningRateScheduler,
    );
    this.#scheduler = scheduler;
  }

  /** The options in force, with every default filled in. */
  get options(): ResolvedReduceLROnPlateauOptions {
    return this.#options;
  }

  /** The best value so far; undefined before the first. */
  get best(): number | undefined {
    return this.#best;
  }

  /** One row for each value. */
  get history(): PlateauHistory {
    return this.#history;
  }

  /**
   * The rate of the next batch, or of the scheduler that is scaled.
   *
   * @throws {TypeError} If nothing is attached yet.
   */
  get learningRate(): number {
    return this.#scheduler?.learningRate ?? getLearningRate(this.#attached());
  }

  /**
   * Takes charge of `optimizer`. `fit` and `fitDataset` do this by themselves,
   * and with a `scheduler` there is no need.
   *
   * @returns This object.
   * @throws {TypeError} If the optimizer has no learning rate.
   */
  attach(optimizer: Optimizer): this {
    getLearningRate(optimizer);
    this.#optimizer = optimizer;
    const scheduler = inChargeOf(optimizer);
    this.#other = { scheduler, iteration: scheduler?.totalIterations };
    return this;
  }

  /**
   * Takes the next value of what is watched, and reduces the rate if it is time.
   *
   * @returns Whether the rate was reduced.
   * @throws {TypeError} If the value is not a number, there is no optimizer, or
   * another scheduler has set its rate since it was attached.
   */
  step(value: number): boolean {
    if (typeof value !== "number") {
      throw new TypeError(
        `Cannot ${ACTION} as step must be given a number: current value is ${
          show(value)
        }`,
      );
    }
    this.#checkAlone();
    const before = this.#rate;
    this.#history.steps.push(this.#history.steps.length + 1);
    this.#history.value.push(value);
    this.#history.lr.push(before);
    if (this.#improves(value)) {
      this.#best = value;
      this.#badSteps = 0;
    } else {
      this.#badSteps++;
    }
    if (this.#cooldownLeft > 0) {
      this.#cooldownLeft--;
      this.#badSteps = 0;
    }
    const { patience, factor, cooldown, minLr, epsilon } = this.#options;
    if (this.#badSteps <= patience) return false;
    this.#badSteps = 0;
    this.#cooldownLeft = cooldown;
    const after = Math.max(before * factor, minLr);
    if (!(before - after > epsilon)) return false;
    if (this.#scheduler) this.#scheduler.scale = after;
    else setLearningRate(this.#attached(), after);
    return true;
  }

  /** Forgets every value; the rate stays as it is. */
  reset(): void {
    this.#best = undefined;
    this.#badSteps = 0;
    this.#cooldownLeft = 0;
    this.#history = { steps: [], value: [], lr: [] };
  }

  /** What it watches and where it stands, in a line. */
  override toString(): string {
    const { monitor, mode, factor, patience } = this.#options;
    const best = this.#best === undefined
      ? "none yet"
      : shortNumber(this.#best);
    return `ReduceLROnPlateau (${monitor}, ${mode}, ×${factor} after ${patience} without gain), best ${best}, ${this.#badSteps} without gain`;
  }

  /** Plain data for {@linkcode ReduceLROnPlateau.fromJSON}. */
  toJSON(): ReduceLROnPlateauState {
    const { steps, value, lr } = this.#history;
    return {
      type: "ReduceLROnPlateau",
      version: 1,
      options: this.#options,
      best: this.#best === Infinity
        ? "Infinity"
        : this.#best === -Infinity
        ? "-Infinity"
        : this.#best ?? null,
      badSteps: this.#badSteps,
      cooldownLeft: this.#cooldownLeft,
      history: { steps: [...steps], value: copyColumn(value), lr: [...lr] },
    };
  }

  /**
   * One that goes on where {@linkcode ReduceLROnPlateau.toJSON} was called. The
   * rate itself is the optimizer's, or the scheduler's `scale`, and restored
   * with them.
   *
   * @param json Text from `JSON.stringify`, or the object it stands for.
   * @throws {TypeError} If the data are not those of a `ReduceLROnPlateau`.
   *
   * @example
   * ```ts
   * import { ReduceLROnPlateau } from "@clr/clr/training";
   *
   * const plateau = new ReduceLROnPlateau({ patience: 3 });
   * const again = ReduceLROnPlateau.fromJSON(JSON.stringify(plateau));
   * console.log(again.options.patience); // 3
   * ```
   */
  static fromJSON(
    json: string | ReduceLROnPlateauState,
    options: Pick<ReduceLROnPlateauOptions, "scheduler"> = {},
  ): ReduceLROnPlateau {
    const state: unknown = parseData(RESTORE, json);
    checkPlateauState(state);
    const plateau = new ReduceLROnPlateau({ ...state.options, ...options });
    plateau.restore(state);
    return plateau;
  }

  /**
   * Takes over the options, values and history of an earlier one; its `scheduler`
   * stays.
   *
   * @param state What {@linkcode ReduceLROnPlateau.toJSON} gave.
   * @throws {TypeError} If the data are not those of a `ReduceLROnPlateau`, which
   * then stays as it was.
   * @throws {RangeError} If its options are none that the constructor takes.
   */
  restore(state: ReduceLROnPlateauState): void {
    checkPlateauState(state);
    this.#options = resolve(state.options);
    this.#best = state.best === null ? undefined : Number(state.best);
    this.#badSteps = state.badSteps;
    this.#cooldownLeft = state.cooldownLeft;
    const { steps, value, lr } = state.history;
    this.#history = {
      steps: [...steps],
      value: readColumn(value),
      lr: [...lr],
    };
  }

  /** Called by `fit`. */
  override onTrainBegin(): Promise<void> {
    checkComesBeforeSaver(this.params, "plateau");
    if (!this.#scheduler) this.attach(this.model.optimizer);
    return Promise.resolve();
  }

  /**
   * Called by `fit`.
   *
   * @throws {TypeError} If its scheduler does not set the rate of this `fit`, or
   * another one does.
   */
  override onEpochBegin(): Promise<void> {
    // Every callback has begun by now, in whatever order they stand.
    if (this.#scheduler) checkInCharge(ACTION, this.#scheduler, this.model);
    else {
      const other = inChargeOf(this.model.optimizer);
      // The callbacks of a fit share its parameters.
      if (other && this.params && other.params === this.params) {
        throw notAlone(other);
      }
    }
    return Promise.resolve();
  }

  /** Called by `fit`. */
  override async onEpochEnd(_epoch: number, logs: Logs = {}): Promise<void> {
    const { monitor } = this.#options;
    const value = logs[monitor];
    if (value === undefined) {
      throw new RangeError(
        `Cannot ${ACTION} as monitor must be one of ${
          Object.keys(logs).join(", ")
        }${
          monitor.startsWith("val_")
            ? ", which epochs log, or fit be given validation data"
            : ""
        }: current value is "${monitor}"`,
      );
    }
    this.step(typeof value === "number" ? value : (await value.data())[0]);
  }

  /** Throws if another scheduler sets the rate, which would undo what is done here. */
  #checkAlone(): void {
    if (this.#scheduler !== undefined) return;
    const other = inChargeOf(this.#attached());
    const { scheduler, iteration } = this.#other;
    if (
      other === undefined ||
      other === scheduler && other.totalIterations === iteration
    ) return;
    throw notAlone(other);
  }

  #attached(): Optimizer {
    if (this.#optimizer) return this.#optimizer;
    throw new TypeError(
      `Cannot ${ACTION} as it must be attached to an optimizer: call attach(optimizer) first`,
    );
  }

  get #rate(): number {
    return this.#scheduler?.scale ?? getLearningRate(this.#attached());
  }

  #improves(value: number): boolean {
    const best = this.#best;
    const { mode, threshold, thresholdMode } = this.#options;
    if (best === undefined) {
      return mode === "min" ? value < Infinity : value > -Infinity;
    }
    const margin = thresholdMode === "absolute"
      ? threshold
      : threshold * Math.abs(best);
    return mode === "min" ? value < best - margin : value > best + margin;
  }
}

function notAlone(other: LearningRateScheduler): TypeError {
  return new TypeError(
    `Cannot ${ACTION} as the scheduler that sets the rate must be given, to be lowered as a whole: current value is a ${other.constructor.name} beside it; pass { scheduler }, or once that one is done, attach(optimizer) again`,
  );
}

showInConsole(ReduceLROnPlateau);
