import { checkKind } from "../../runtime/check_given.ts";
import { isForeignModel, twoCopies } from "../../tfjs/two_copies.ts";
import * as tf from "@tensorflow/tfjs";
import { CallbackBase } from "../../tfjs/callback_base.ts";
import type { LayersModel, Tensor, Variable } from "../../tfjs/types.ts";
import { checkOptions, flag, show } from "../../runtime/check_data.ts";
import { variableOf } from "../../tfjs/trained_weights.ts";
import { checkNames } from "../../runtime/check_names.ts";
import { showInConsole } from "../../runtime/console.ts";

const NAMES = Object.keys(
  {
    decay: 0,
    warmup: 0,
  } satisfies Record<keyof ExponentialMovingAverageOptions, 0>,
);

/** Options of {@linkcode ExponentialMovingAverage}. */
export interface ExponentialMovingAverageOptions {
  /**
   * The share of the past that a step keeps, in [0, 1).
   *
   * @default {0.999}
   */
  readonly decay?: number;
  /**
   * Whether the first steps keep less, so that the weights that training began
   * with are soon forgotten: step t, from 1, keeps (1 + t) / (10 + t) where that
   * is less than `decay`.
   *
   * @default {true}
   */
  readonly warmup?: boolean;
}

/** What is averaged: a model's weights, or variables of one's own. */
export type AveragedWeights = LayersModel | readonly Variable[];

const ACTION = "average weights";

/**
 * The averages and how many steps are in them, for a checkpoint.
 *
 * @throws {TypeError} If they are in use, or disposed.
 */
export let averagesOf: (
  average: ExponentialMovingAverage,
  action: string,
) => {
  readonly updates: number;
  readonly values: ReadonlyMap<Variable, Tensor>;
};

/** Puts averages in place of those that there are. */
export let restoreAverages: (
  average: ExponentialMovingAverage,
  updates: number,
  valueOf: (variable: Variable) => Tensor,
) => void;

function variablesOf(weights: AveragedWeights): readonly Variable[] {
  if (weights instanceof tf.LayersModel) return weights.weights.map(variableOf);
  if (isForeignModel(weights)) throw twoCopies(ACTION);
  const variables = Array.isArray(weights) ? weights : [];
  if (variables.every((variable) => variable instanceof tf.Variable)) {
    if (Array.isArray(weights)) return [...variables];
  }
  throw new TypeError(
    `Cannot ${ACTION} as these must be a tf.LayersModel or an array of tf.Variable: current value is ${
      Array.isArray(weights) ? "an array of others" : show(weights)
    }`,
  );
}

/**
 * An exponential moving average of the weights, which often generalizes better
 * than the weights themselves: after each step, with the decay d,
 * `average ← d · average + (1 − d) · weight`, for every weight of a model, the
 * statistics of its normalization layers among them.
 *
 * It goes into `callbacks` of `fit` and `fitDataset`, after the scheduler; in a
 * loop of one's own, call {@linkcode ExponentialMovingAverage.update | update}
 * after each step. {@linkcode ExponentialMovingAverage.swap | swap} puts the
 * averages into the model and the weights aside, and again back;
 * {@linkcode ExponentialMovingAverage.use | use} does so around a function. It
 * holds the memory of the weights once. A checkpoint saves it as `averages`.
 *
 * Sources: Polyak and Juditsky, "Acceleration of Stochastic Approximation by
 * Averaging" (1992); the warm-up is that of TensorFlow's
 * `tf.train.ExponentialMovingAverage` with `num_updates`.
 *
 * @throws {RangeError} If `decay` is not in [0, 1), or there are no weights.
 * @throws {TypeError} If a weight is not of float32, a count say.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { CyclicLR } from "@clr/clr";
 * import { ExponentialMovingAverage } from "@clr/clr/training";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
 * });
 * model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
 * const xs = tf.randomNormal([64, 2]);
 * const ys = xs.sum(1, true);
 *
 * using ema = new ExponentialMovingAverage(model, { decay: 0.99 });
 * await model.fit(xs, ys, {
 *   epochs: 4,
 *   verbose: 0,
 *   callbacks: [new CyclicLR({ stepSize: 4 }), ema],
 * });
 * const loss = ema.use(() => model.evaluate(xs, ys) as tf.Scalar);
 * console.log(loss.dataSync()[0]); // of the averages; the model has its own
 * ```
 */
export class ExponentialMovingAverage extends CallbackBase
  implements Disposable {
  /** Freezing changes the order of a model's weights, not these. */
  readonly #variables: readonly Variable[];
  readonly #decay: number;
  readonly #warmup: boolean;
  /** The averages, or while they are in use, the weights. */
  #others: Tensor[];
  #updates = 0;
  #inUse = false;
  /** Calls of `use` that are not over. */
  #uses = 0;

  /** Starts with the weights as they are now. */
  constructor(
    weights: AveragedWeights,
    options: ExponentialMovingAverageOptions = {},
  ) {
    super();
    checkNames(ACTION, options, NAMES);
    checkOptions(ACTION, options, { warmup: flag });
    const { decay = 0.999, warmup = true } = options;
    if (!(Number.isFinite(decay) && decay >= 0 && decay < 1)) {
      throw new RangeError(
        `Cannot ${ACTION} as decay must be >= 0 and < 1: current value is ${
          show(decay)
        }`,
      );
    }
    const variables = variablesOf(weights);
    if (variables.length === 0) {
      throw new RangeError(
        `Cannot ${ACTION} as there must be some: current value is none`,
      );
    }
    this.#variables = variables;
    this.#decay = decay;
    this.#warmup = warmup;
    const other = variables.find(({ dtype }) => dtype !== "float32");
    if (other !== undefined) {
      throw new TypeError(
        `Cannot ${ACTION} as each must be of float32: current value is ${other.name} of ${other.dtype}`,
      );
    }
    // A clone shares the data until training replaces them.
    this.#others = variables.map((variable) => tf.keep(variable.clone()));
  }

  /** Steps averaged so far. */
  get updates(): number {
    return this.#updates;
  }

  /** Whether the averages are in the model, and the weights aside. */
  get inUse(): boolean {
    return this.#inUse;
  }

  /** The share of the past that the next step keeps. */
  get nextDecay(): number {
    const t = this.#updates + 1;
    return this.#warmup
      ? Math.min(this.#decay, (1 + t) / (10 + t))
      : this.#decay;
  }

  /**
   * Takes in the weights after a step.
   *
   * @throws {TypeError} If the averages are in use.
   */
  update(): void {
    this.#checkAlive();
    if (this.#inUse) {
      throw new TypeError(
        `Cannot ${ACTION} as the model must have its own: current value is the averages; swap() first`,
      );
    }
    const decay = this.nextDecay;
    this.#others = this.#others.map((average, i) => {
      const next = tf.tidy(() =>
        // Exact where nothing changes, which d · a + (1 − d) · w is not.
        average.add(this.#variables[i].sub(average).mul(1 - decay))
      );
      average.dispose();
      return tf.keep(next);
    });
    this.#updates++;
  }

  /** Exchanges the averages and the weights; a second time puts them back. */
  swap(): void {
    this.#checkAlive();
    this.#others = this.#others.map((other, i) => {
      const mine = tf.keep(this.#variables[i].clone());
      this.#variables[i].assign(other);
      other.dispose();
      return mine;
    });
    this.#inUse = !this.#inUse;
  }

  /**
   * Calls a function while the model has the averages. Where it returns a
   * promise, they stay until that is settled, and those of all calls that overlap.
   *
   * @returns What the function returns.
   */
  use<T>(call: () => T): T {
    checkKind(
      "use averages",
      { name: "it", value: call, must: "given a function" },
      typeof call === "function",
    );
    if (this.#inUse && this.#uses === 0) return call();
    if (this.#uses === 0) this.swap();
    this.#uses++;
    let result: T;
    try {
      result = call();
    } catch (error) {
      this.#endUse();
      throw error;
    }
    if (result instanceof Promise) {
      return result.finally(() => this.#endUse()) as T;
    }
    this.#endUse();
    return result;
  }

  /** How far it is, in a line, which `console.log` shows. */
  override toString(): string {
    const warmup = this.#warmup ? ", warm-up" : "";
    const where = this.#others.length === 0
      ? "disposed"
      : this.#inUse
      ? "the averages in the model"
      : "the averages aside";
    return `ExponentialMovingAverage of ${this.#variables.length} variables (decay ${this.#decay}${warmup}), ${this.#updates} steps averaged, ${where}`;
  }

  static {
    averagesOf = (average, action) => {
      average.#checkAlive();
      if (average.#inUse) {
        throw new TypeError(
          `Cannot ${action} as the model must have its own weights: current value is the averages; swap() first`,
        );
      }
      return {
        updates: average.#updates,
        values: new Map(
          average.#variables.map((
            variable,
            i,
          ) => [variable, average.#others[i]]),
        ),
      };
    };
    restoreAverages = (average, updates, valueOf) => {
      tf.dispose(average.#others);
      average.#others = average.#variables.map((variable) =>
        tf.keep(valueOf(variable))
      );
      average.#updates = updates;
    };
  }

  /**
   * Called by `fit`.
   *
   * @throws {TypeError} If the model has none of the weights that are averaged.
   */
  override onTrainBegin(): Promise<void> {
    // Freezing moves weights between lists, and one list may hold some alone.
    const trains = this.model.weights.map(variableOf);
    if (!this.#variables.some((variable) => trains.includes(variable))) {
      throw new TypeError(
        `Cannot ${ACTION} as they must be of the model that is trained: current value is those of another`,
      );
    }
    return Promise.resolve();
  }

  /** Called by `fit`. */
  override onBatchEnd(): Promise<void> {
    this.update();
    return Promise.resolve();
  }

  /** Frees the averages, or where they are in use, the weights. */
  [Symbol.dispose](): void {
    tf.dispose(this.#others);
    this.#others = [];
  }

  /** Puts the weights back when the last of the calls that overlap is over. */
  #endUse(): void {
    this.#uses--;
    if (this.#uses === 0 && this.#inUse) this.swap();
  }

  #checkAlive(): void {
    if (this.#others.length > 0) return;
    throw new TypeError(
      `Cannot ${ACTION} as the averages must be there: current value is disposed`,
    );
  }
}

showInConsole(ExponentialMovingAverage);
