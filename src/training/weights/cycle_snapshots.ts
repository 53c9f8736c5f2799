import { checkKind } from "../../runtime/check_given.ts";
import * as tf from "@tensorflow/tfjs";
import { checkModel, checkStateless } from "../../tfjs/check_model.ts";
import { estimateStatistics } from "./_batch_statistics.ts";
import {
  checkWeights,
  holdWeights,
  releaseWeights,
  useWeights,
  type WeightValues,
} from "./_weight_values.ts";
import type { LayersModel, Tensor } from "../../tfjs/types.ts";
import { show } from "../../runtime/check_data.ts";
import { checkNames } from "../../runtime/check_names.ts";
import { showInConsole } from "../../runtime/console.ts";
import { shortNumber } from "../../runtime/short_number.ts";

const NAMES = Object.keys(
  {
    keep: 0,
  } satisfies Record<keyof CycleSnapshotsOptions, 0>,
);

const PREDICT_NAMES = Object.keys(
  {
    last: 0,
    batchSize: 0,
  } satisfies Record<keyof EnsemblePredictOptions, 0>,
);

const AVERAGE_NAMES = Object.keys(
  {
    last: 0,
    batches: 0,
  } satisfies Record<keyof AverageOptions, 0>,
);

/** Options of {@linkcode CycleSnapshots}. */
export interface CycleSnapshotsOptions {
  /**
   * How many snapshots are kept, the last ones. The best is kept besides.
   *
   * @default {5}
   */
  keep?: number;
}

/** Options of {@linkcode CycleSnapshots.predict}. */
export interface EnsemblePredictOptions {
  /**
   * How many snapshots predict, the last ones.
   *
   * @default {all that are kept}
   */
  last?: number;
  /**
   * Samples that are predicted at a time.
   *
   * @default {32}
   */
  batchSize?: number;
}

/** Options of {@linkcode CycleSnapshots.average}. */
export interface AverageOptions {
  /**
   * How many snapshots are averaged, the last ones.
   *
   * @default {all that are kept}
   */
  last?: number;
  /**
   * Batches of inputs to estimate the statistics of batch normalization from:
   * the averaged weights have others than any snapshot had. Each tensor is
   * disposed after its batch. Needed if the model normalizes batches.
   */
  batches?: Iterable<Tensor | Tensor[]> | AsyncIterable<Tensor | Tensor[]>;
}

/** The weights of a moment. */
export interface Snapshot {
  readonly weights: WeightValues;
  readonly score: number | undefined;
}

/** Which snapshots there are: the last ones, and the best. */
interface Snapshots {
  readonly last: readonly Snapshot[];
  readonly best?: Snapshot;
}

/**
 * The snapshots that are kept, for a checkpoint.
 *
 * @throws {TypeError} If they are of another model.
 */
export let snapshotsOf: (
  snapshots: CycleSnapshots,
  model: LayersModel,
  action: string,
) => Snapshots;

/** Puts snapshots in place of those that there are. */
export let restoreSnapshots: (
  snapshots: CycleSnapshots,
  others: Snapshots,
) => void;

/**
 * The weights at the ends of cycles, where the rate is lowest and the model at
 * rest: for an ensemble, for averaged weights, and for the best of them.
 *
 * A snapshot costs no copy when it is taken; afterwards it holds the memory of
 * the weights once. A checkpoint saves them as `snapshots`.
 *
 * Sources: Huang et al., "Snapshot Ensembles" (2017),
 * {@link https://arxiv.org/abs/1704.00109}; Izmailov et al., "Averaging Weights
 * Leads to Wider Optima and Better Generalization" (2018),
 * {@link https://arxiv.org/abs/1803.05407}.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { CyclicLR } from "@clr/clr";
 * import { CycleSnapshots } from "@clr/clr/training";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
 * });
 * model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
 * const xs = tf.randomNormal([64, 2]);
 * const ys = xs.sum(1, true);
 *
 * using snapshots = new CycleSnapshots(model);
 * const clr = new CyclicLR({
 *   stepSize: 8,
 *   stopAfterCycles: 3,
 *   onCycleEnd: () => snapshots.take(),
 * });
 * await model.fit(xs, ys, {
 *   batchSize: 8,
 *   epochs: 100,
 *   verbose: 0,
 *   callbacks: [clr],
 * });
 * console.log(snapshots.count); // 3
 * const predictions = snapshots.predict(xs);
 * await snapshots.average();
 * ```
 */
export class CycleSnapshots implements Disposable {
  readonly #model: LayersModel;
  readonly #keep: number;
  #snapshots: Snapshot[] = [];
  #best: Snapshot | undefined;

  /**
   * Of `model`, none taken yet.
   *
   * @throws {RangeError} If `keep` is not a whole number >= 1.
   */
  constructor(model: LayersModel, options: CycleSnapshotsOptions = {}) {
    checkModel("keep snapshots", model);
    checkNames("keep snapshots", options, NAMES);
    const { keep = 5 } = options;
    checkCount("keep snapshots", { keep });
    this.#model = model;
    this.#keep = keep;
  }

  /** Snapshots that are kept. */
  get count(): number {
    return this.#snapshots.length;
  }

  /** The highest score given so far; undefined if none was. */
  get bestScore(): number | undefined {
    return this.#best?.score;
  }

  /**
   * Keeps the model's weights as they are now.
   *
   * @param score What {@linkcode CycleSnapshots.useBest} goes by, higher being
   * better, such as the accuracy on validation data.
   */
  take(score?: number): void {
    checkKind(
      "take a snapshot",
      { name: "score", value: score, must: "a number" },
      score === undefined || typeof score === "number",
    );
    const snapshot = { weights: holdWeights(this.#model), score };
    this.#snapshots.push(snapshot);
    if (score !== undefined && score > (this.bestScore ?? -Infinity)) {
      const previous = this.#best;
      this.#best = snapshot;
      if (previous) this.#release(previous);
    }
    if (this.#snapshots.length > this.#keep) {
      this.#release(this.#snapshots.shift()!);
    }
  }

  /**
   * The mean of what the last snapshots predict, as `model.predict` gives it. The
   * model keeps its weights.
   *
   * @throws {RangeError} If there are fewer snapshots than `last`, or none, or
   * `batchSize` is not a whole number >= 1.
   * @throws {TypeError} If the model has a stateful recurrent layer.
   */
  predict(
    xs: Tensor | Tensor[],
    options: EnsemblePredictOptions = {},
  ): Tensor | Tensor[] {
    checkNames("predict with an ensemble", options, PREDICT_NAMES);
    const { last, batchSize = 32 } = options;
    checkCount("predict with an ensemble", { batchSize });
    checkKind(
      "predict with an ensemble",
      { name: "xs", value: xs, must: "a tensor, or a list of tensors" },
      [xs].flat().every((x) => x instanceof tf.Tensor),
    );
    const given = [xs].flat().length;
    checkKind(
      "predict with an ensemble",
      {
        name: "xs",
        value: given,
        must:
          `as many tensors as the model's ${this.#model.inputs.length} inputs`,
      },
      given === this.#model.inputs.length,
    );
    // Each would go on with the state in which another left the layer.
    checkStateless("predict with an ensemble", this.#model);
    const snapshots = this.#last(last);
    const own = holdWeights(this.#model);
    try {
      let single = false;
      const means = tf.tidy(() => {
        const predictions = snapshots.map(({ weights }) => {
          useWeights(this.#model, weights);
          const predicted = this.#model.predict(xs, { batchSize });
          single = !Array.isArray(predicted);
          return Array.isArray(predicted) ? predicted : [predicted];
        });
        return predictions[0].map((_, output) =>
          tf.addN(predictions.map((outputs) => outputs[output]))
            .div(predictions.length)
        );
      });
      return single ? means[0] : means;
    } finally {
      useWeights(this.#model, own);
      releaseWeights(own);
    }
  }

  /**
   * Gives the model the mean of the last snapshots' weights, and statistics of
   * batch normalization that fit them: the mean, over all `batches`, of each
   * batch's own; over all calls of a layer that is called more than once.
   *
   * @throws {RangeError} If there are fewer snapshots than `last`, or none, or
   * the model normalizes batches and `batches` has none.
   */
  async average(options: AverageOptions = {}): Promise<void> {
    checkNames("average snapshots", options, AVERAGE_NAMES);
    const { last, batches } = options;
    checkKind(
      "average snapshots",
      { name: "batches", value: batches, must: "an iterable of tensors" },
      batches === undefined || isIterable(batches),
    );
    const snapshots = this.#last(last);
    const weights = this.#model.weights;
    for (const { weights } of snapshots) checkWeights(this.#model, weights);
    const means: WeightValues = new Map(
      weights.map((weight) => [
        weight,
        tf.tidy(() =>
          tf.addN(snapshots.map(({ weights }) => weights.get(weight)!))
            .div(snapshots.length)
        ),
      ]),
    );
    const own = holdWeights(this.#model);
    try {
      useWeights(this.#model, means);
      await estimateStatistics(this.#model, batches);
    } catch (error) {
      useWeights(this.#model, own);
      throw error;
    } finally {
      releaseWeights(means);
      releaseWeights(own);
    }
  }

  /**
   * Gives the model the weights of the snapshot with the highest score.
   *
   * @throws {RangeError} If no snapshot was given a score.
   */
  useBest(): void {
    if (this.#best === undefined) {
      throw new RangeError(
        "Cannot use the best snapshot as one must have been taken with a score: current value is none",
      );
    }
    useWeights(this.#model, this.#best.weights);
  }

  /** What there is, in a line, which `console.log` shows. */
  toString(): string {
    const best = this.bestScore === undefined
      ? "none with a score"
      : `best score ${shortNumber(this.bestScore)}`;
    return `CycleSnapshots of ${this.#model.name}, ${this.count} of at most ${this.#keep}, ${best}`;
  }

  static {
    snapshotsOf = (snapshots, model, action) => {
      // What fit gives callbacks of a Sequential is the model within it.
      const own = new Set(snapshots.#model.weights);
      if (!model.weights.every((weight) => own.has(weight))) {
        throw new TypeError(
          `Cannot ${action} as its snapshots must be of its model: current value is of another`,
        );
      }
      const last = snapshots.#snapshots;
      const best = snapshots.#best;
      for (const { weights } of best ? [...last, best] : last) {
        checkWeights(snapshots.#model, weights, action);
      }
      return { last, best };
    };
    restoreSnapshots = (snapshots, { last, best }) => {
      snapshots[Symbol.dispose]();
      snapshots.#best = best;
      snapshots.#snapshots = last.slice(-snapshots.#keep);
      for (const other of last) snapshots.#release(other);
    };
  }

  /** Frees the snapshots. The model keeps its weights. */
  [Symbol.dispose](): void {
    const snapshots = new Set(this.#snapshots);
    if (this.#best) snapshots.add(this.#best);
    for (const { weights } of snapshots) releaseWeights(weights);
    this.#snapshots = [];
    this.#best = undefined;
  }

  #last(last = this.#snapshots.length): Snapshot[] {
    if (
      Number.isSafeInteger(last) && last >= 1 && last <= this.#snapshots.length
    ) {
      return this.#snapshots.slice(-last);
    }
    if (this.#snapshots.length === 0) {
      throw new RangeError(
        "Cannot use snapshots as one must have been taken: current value is none",
      );
    }
    throw new RangeError(
      `Cannot use the last snapshots as last must be a whole number from 1 to the ${this.#snapshots.length} that are kept: current value is ${
        show(last)
      }`,
    );
  }

  /** Frees a snapshot that is neither among the last nor the best. */
  #release(snapshot: Snapshot): void {
    if (snapshot !== this.#best && !this.#snapshots.includes(snapshot)) {
      releaseWeights(snapshot.weights);
    }
  }
}

showInConsole(CycleSnapshots);

function checkCount(action: string, given: { [name: string]: number }): void {
  for (const [name, value] of Object.entries(given)) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new RangeError(
      `Cannot ${action} as ${name} must be a whole number >= 1: current value is ${
        show(value)
      }`,
    );
  }
}

function isIterable(value: object): boolean {
  return Symbol.iterator in Object(value) && typeof value !== "string" ||
    Symbol.asyncIterator in Object(value);
}
