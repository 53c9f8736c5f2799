import {
  type Check,
  checkData,
  count,
  finite,
  oneOf,
  parseData,
  record,
  show,
  text,
  that,
} from "../runtime/check_data.ts";
import { columnsWith, copyColumn, readColumn } from "../runtime/columns.ts";
import { metricDirection } from "../metrics/direction.ts";
import { CallbackBase } from "../tfjs/callback_base.ts";
import type { Optimizer } from "../tfjs/types.ts";
import type { Columns, Logs } from "./history.ts";
import { getLearningRate, setLearningRate } from "../tfjs/learning_rate.ts";
import type { LearningRateScheduler } from "./learning_rate_scheduler.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    monitor: 0,
    mode: 0,
    factor: 0,
    patience: 0,
    threshold: 0,
    thresholdMode: 0,
    cooldown: 0,
    minLr: 0,
    epsilon: 0,
    scheduler: 0,
  } satisfies Record<keyof ReduceLROnPlateauOptions, 0>,
);

/** Options of {@linkcode ReduceLROnPlateau}. */
export interface ReduceLROnPlateauOptions {
  /**
   * The quantity that an epoch logs and that is waited for.
   *
   * @default {"val_loss"}
   */
  monitor?: string;
  /**
   * Whether `monitor` is better when lower (`"min"`) or higher (`"max"`).
   *
   * @default {what the name of `monitor` tells}
   */
  mode?: "min" | "max";
  /**
   * What the rate is multiplied by, in (0, 1).
   *
   * @default {0.1}
   */
  factor?: number;
  /**
   * Epochs without improvement that are let pass: the rate is reduced after one
   * more. (Keras reduces after as many as this.)
   *
   * @default {10}
   */
  patience?: number;
  /**
   * By how much a value must be better than the best so far to be an
   * improvement: a share of the best, or with `thresholdMode: "absolute"` in
   * the units of `monitor`.
   *
   * @default {1e-4}
   */
  threshold?: number;
  /** What `threshold` is measured in. @default {"relative"} */
  thresholdMode?: "relative" | "absolute";
  /** Epochs after a reduction in which none is counted. @default {0} */
  cooldown?: number;
  /** The rate is not reduced below this. @default {0} */
  minLr?: number;
  /** A reduction by no more than this is left out. @default {1e-8} */
  epsilon?: number;
  /**
   * The scheduler that drives the optimizer: its `scale` is reduced in place of
   * the optimizer's rate, and its whole schedule with it. `minLr` and `epsilon`
   * are then those of the scale, whose start is 1.
   *
   * @default {undefined}
   */
  scheduler?: LearningRateScheduler;
}

/** The options of a {@linkcode ReduceLROnPlateau}, with every default. */
export type ResolvedReduceLROnPlateauOptions = Required<
  Omit<ReduceLROnPlateauOptions, "scheduler">
>;

/** One row for each value: which it was, the value, and the rate it was had at. */
export interface PlateauHistory extends Columns {
  /** Values so far, this one included. */
  readonly steps: readonly number[];
  /** The value. */
  readonly value: readonly number[];
  /** The rate, or the scale of the scheduler, before it was perhaps reduced. */
  readonly lr: readonly number[];
}

/** A {@linkcode ReduceLROnPlateau} as plain data. */
export interface ReduceLROnPlateauState {
  /** Says what these data are. */
  readonly type: "ReduceLROnPlateau";
  /** Of this format. */
  readonly version: 1;
  /** The options, with every default filled in. */
  readonly options: ResolvedReduceLROnPlateauOptions;
  /** The best value so far; null before the first. */
  readonly best: number | null;
  /** Values since the best, or since the last reduction. */
  readonly badSteps: number;
  /** Values for which the cooldown still lasts. */
  readonly cooldownLeft: number;
  /** What happened. */
  readonly history: PlateauHistory;
}

const ACTION = "reduce the learning rate on a plateau";

function check(
  { name, value, must }: {
    readonly name: string;
    readonly value: unknown;
    readonly must: string;
  },
  ok: boolean,
): void {
  if (ok) return;
  throw new RangeError(
    `Cannot ${ACTION} as ${name} must be ${must}: current value is ${
      show(value)
    }`,
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isFiniteFrom0(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

function resolve(
  options: ReduceLROnPlateauOptions,
): ResolvedReduceLROnPlateauOptions {
  const {
    monitor = "val_loss",
    factor = 0.1,
    patience = 10,
    threshold = 1e-4,
    thresholdMode = "relative",
    cooldown = 0,
    minLr = 0,
    epsilon = 1e-8,
  } = options;
  check(
    { name: "monitor", value: monitor, must: "a name" },
    typeof monitor === "string",
  );
  const known = { lower: "min", higher: "max" } as const;
  const direction = metricDirection(monitor);
  const mode = options.mode ?? (direction && known[direction]);
  check(
    {
      name: "mode",
      value: mode,
      must:
        `"min" or "max" for "${monitor}", whose name does not tell where it is better`,
    },
    mode === "min" || mode === "max",
  );
  check(
    { name: "factor", value: factor, must: "> 0 and < 1" },
    isFiniteFrom0(factor) && factor > 0 && factor < 1,
  );
  check(
    { name: "patience", value: patience, must: "a whole number >= 0" },
    isCount(patience),
  );
  check(
    { name: "threshold", value: threshold, must: "finite and >= 0" },
    isFiniteFrom0(threshold),
  );
  check(
    {
      name: "thresholdMode",
      value: thresholdMode,
      must: `"relative" or "absolute"`,
    },
    thresholdMode === "relative" || thresholdMode === "absolute",
  );
  check(
    { name: "cooldown", value: cooldown, must: "a whole number >= 0" },
    isCount(cooldown),
  );
  check(
    { name: "minLr", value: minLr, must: "finite and >= 0" },
    isFiniteFrom0(minLr),
  );
  check(
    { name: "epsilon", value: epsilon, must: "finite and >= 0" },
    isFiniteFrom0(epsilon),
  );
  return {
    monitor,
    mode: mode!,
    factor,
    patience,
    threshold,
    thresholdMode,
    cooldown,
    minLr,
    epsilon,
  };
}

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
    this.#scheduler = options.scheduler;
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
    return this;
  }

  /**
   * Takes the next value of what is watched, and reduces the rate if it is time.
   *
   * @returns Whether the rate was reduced.
   * @throws {TypeError} If the value is not a number, or there is no optimizer.
   */
  step(value: number): boolean {
    if (typeof value !== "number") {
      throw new TypeError(
        `Cannot ${ACTION} as step must be given a number: current value is ${
          show(value)
        }`,
      );
    }
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

  /** Plain data for {@linkcode ReduceLROnPlateau.fromJSON}. */
  toJSON(): ReduceLROnPlateauState {
    const { steps, value, lr } = this.#history;
    return {
      type: "ReduceLROnPlateau",
      version: 1,
      options: this.#options,
      best: this.#best ?? null,
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
    const state = parseData(RESTORE, json) as ReduceLROnPlateauState;
    checkData(RESTORE, state, STATE);
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
    checkData(RESTORE, state, STATE);
    this.#options = resolve(state.options);
    this.#best = state.best ?? undefined;
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
    if (!this.#scheduler) this.attach(this.model.optimizer);
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

const RESTORE = "restore a ReduceLROnPlateau";

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
  best: that(
    "be a number or null",
    (value) => value === null || typeof value === "number",
  ),
  badSteps: count,
  cooldownLeft: count,
  history: columnsWith("steps", "value", "lr"),
});
