import type { ClassWeights } from "../data/class_weight.ts";
import type { TensorPair, TrainingData } from "../data/training_data.ts";
import type {
  HyperparameterGrid,
  Hyperparameters,
} from "./hyperparameter_grid.ts";
import type { Growth } from "./learning_rate_grid.ts";
import type { Metric } from "../../metrics/direction.ts";

/** What {@linkcode FindLearningRateOptions.onBatch} is told. */
export interface RangeTestProgress {
  /** Rates tested so far in this run, this one included: 1, 2, … */
  readonly iteration: number;
  /** Rates that there are to test. */
  readonly iterations: number;
  /** Which of the repeats this is, from 1. */
  readonly repeat: number;
  /** How many repeats there are. */
  readonly repeats: number;
  /** The rate. */
  readonly learningRate: number;
  /** The loss at this rate. */
  readonly loss: number;
  /** The loss smoothed by `beta`. */
  readonly smoothedLoss: number;
  /** Other metrics at this rate, by name. */
  readonly metrics: { readonly [name: string]: number };
  /** The point of the `grid` that this is a part of, if any. */
  readonly hyperparameters?: Hyperparameters;
}

/** Options of {@linkcode findLearningRate}. */
export interface FindLearningRateOptions<Batch = TensorPair> {
  /**
   * The first rate: > 0, or >= 0 for linear growth.
   *
   * @default {1e-5}
   */
  readonly startLr?: number | undefined;
  /**
   * The last rate, above `startLr`. The test ends before where the loss
   * diverges, so that a high one costs little.
   *
   * @default {10}
   */
  readonly endLr?: number | undefined;
  /**
   * How many rates to test, in one pass over all of them.
   *
   * Without `iterations`, `epochs` and all else that says how to test, the test
   * spends batches where they tell most, at most `maxBatches`: it begins with ten
   * rates a decade, extends the range where it does not show both ends and where
   * `startLr` or `endLr` do not forbid it, repeats the part that matters with
   * other batches, and tries three rates or more out, on the same batches: some 200
   * batches in all. Where always predicting the same would do as well by then, it
   * trains for longer, 100 batches or a fifth of `maxBatches`, at the maximum and
   * at bolder rates, until one learns or no batches are left.
   *
   * @default {undefined}
   */
  readonly iterations?: number | undefined;
  /**
   * The most batches to train on where `iterations` and `epochs` do not say. A
   * loop without `evaluateOnBatch` may take some fifty more, at a rate of 0, to
   * tell whether its batches come in an order. One that takes targets takes fifty
   * to a hundred more, with each input given another's target, to tell whether it
   * learns from the inputs.
   *
   * @default {500}
   */
  readonly maxBatches?: number | undefined;
  /**
   * Tests as many rates as there are batches in this many epochs, in place of
   * `iterations`. The data must say how many there are.
   *
   * @default {undefined}
   */
  readonly epochs?: number | undefined;
  /**
   * Whether the rate grows by equal factors or equal steps.
   *
   * @default {"exponential"}
   */
  readonly growth?: Growth | undefined;
  /** Examples in a batch drawn from `{ xs, ys }`. @default {32} */
  readonly batchSize?: number | undefined;
  /**
   * Share of the past in `smoothedLosses`, in [0, 1). The bounds are read from
   * the losses themselves.
   *
   * @default {0.9}
   */
  readonly beta?: number | undefined;
  /**
   * Records the loss and metrics of these data after each rate, in place of
   * those of the batches trained on.
   *
   * @default {undefined}
   */
  readonly validationData?: TrainingData<Batch> | undefined;
  /**
   * Weights of the classes in the loss, as in `fit` and `fitDataset`: those that
   * training will have. As there, validation losses are not weighted.
   *
   * @default {undefined}
   */
  readonly classWeight?: ClassWeights | undefined;
  /**
   * Steps at each rate, of a batch each, whose losses are averaged: less noise
   * at the same training.
   *
   * @default {1}
   */
  readonly batchesPerRate?: number | undefined;
  /**
   * Batches whose gradients make one step, as in training that accumulates
   * gradients: their mean, weighted by their examples where batches are
   * `{ xs, ys }`. The step is that of one batch with the examples of all, where
   * the loss is a mean over examples and no layer looks at a batch as a whole, as
   * batch normalization does. All that counts batches for its steps, `maxBatches`
   * and a range's `batchesPerEpoch`, counts steps.
   *
   * A loop of one's own calls `minimize` or `applyGradients` of its optimizer
   * once in each `trainOnBatch`, and of others in `optimizers` at most once: what
   * these are given is gathered in place of the step.
   *
   * @default {1}
   */
  readonly accumulate?: number | undefined;
  /**
   * How often to run the test, each time from the same start with another order
   * of batches. The bounds are the medians.
   *
   * @default {1}
   */
  readonly repeats?: number | undefined;
  /**
   * Seed of the batch order and, in a stream of its own, of `Math.random` during
   * the test, for dropout and for all other code that draws from it then.
   *
   * @default {0}
   */
  readonly seed?: number | undefined;
  /**
   * Values of the optimizer's weight decay, its momentum, or both: a curve is
   * recorded for each, over the same rates with the same batches and random
   * numbers from the same weights, and the result is the range of the best, which
   * `range.grid` names and explains. Train with that value: the test itself leaves
   * the optimizer as it was.
   *
   * Each curve takes as many batches as one pass over the rates. Batches of a
   * Dataset or a function are kept for it until the end.
   *
   * @default {undefined}
   */
  readonly grid?: HyperparameterGrid | undefined;
  /**
   * The curve that the bounds are read from: `"loss"` or a metric, by its name
   * where that is a usual one (`"acc"`, `"meanIoU"`, `"rmse"`), else as
   * `{ name: "reward", better: "higher" }`. The loss is finer than accuracy, which
   * is a multiple of 1 / `batchSize`, and quieter.
   *
   * @default {"loss"}
   */
  readonly metric?: Metric | undefined;
  /**
   * Also stops when the smoothed loss exceeds this many times the best one, as
   * is usual elsewhere. It suits losses well above 0 only.
   *
   * @default {undefined}
   */
  readonly stopFactor?: number | undefined;
  /**
   * Stops the test at the next batch; what was recorded by then is returned. A
   * batch, or a step of a loop of one's own, that does not come is waited for half
   * a second more. Such a step is best ended by the same signal: what it changes
   * after the test stays changed.
   *
   * @default {undefined}
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called after each rate, as soon as its loss is known; on a GPU, that is a
   * few rates later.
   *
   * @default {undefined}
   */
  readonly onBatch?:
    | ((progress: RangeTestProgress) => void | Promise<void>)
    | undefined;
}
