import type {
  LayersModel,
  Optimizer,
  Tensor,
  Variable,
} from "../../tfjs/types.ts";
import type { TensorPair } from "../data/training_data.ts";

/**
 * The loss of a batch, as a number or a scalar tensor, or a record of the loss
 * and other metrics. Tensors become the finder's, which disposes them.
 */
export type BatchResult = number | Tensor | {
  /** The loss that training minimizes. */
  readonly loss: number | Tensor;
  /** A metric by its name, such as `acc`. */
  readonly [metric: string]: number | Tensor;
};

/**
 * A variable that training changes: a `tf.Variable`, also one typed as a tensor
 * (`model.getWeights()`), or what `model.trainableWeights` holds.
 */
export type TrainedVariable = Variable | Tensor | {
  /** The variable itself. */
  read(): Tensor;
};

/**
 * One's own training loop, as the finder needs it.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import type { CustomTrainee } from "@clr/clr";
 *
 * const weight = tf.variable(tf.scalar(0));
 * const optimizer = tf.train.sgd(0.1);
 * const trainee: CustomTrainee = {
 *   optimizer,
 *   variables: [weight],
 *   trainOnBatch: ({ xs, ys }) =>
 *     optimizer.minimize(
 *       () => (xs as tf.Tensor).mul(weight).sub(ys as tf.Tensor).square().mean(),
 *       true,
 *       [weight],
 *     )!,
 * };
 * ```
 */
export interface CustomTrainee<Batch = TensorPair> {
  /** The optimizer, whose rate the finder drives. */
  readonly optimizer: Optimizer;
  /**
   * Other optimizers that `trainOnBatch` steps too, as that of a second network
   * (a GAN). They keep their rates, and are put back after the test. One that is
   * missing here is an error, as soon as it steps; it is put back too.
   *
   * @default {[]}
   */
  readonly optimizers?: readonly Optimizer[];
  /**
   * Every variable that `trainOnBatch` changes, the optimizer's own apart. They
   * are put back after the test; one that is missing here is an error, which
   * names it.
   */
  readonly variables: readonly TrainedVariable[];
  /**
   * Trains one step on a batch and returns its loss. It makes no variable that
   * outlives it: a model that is built in its first step is built before the test.
   */
  trainOnBatch(batch: Batch): BatchResult | Promise<BatchResult>;
  /**
   * The loss of a batch without training on it. With it the test takes from each
   * loss what the same batch gives at the first weights, and so sees what noise
   * hides without, in half the rates. `validationData` needs it.
   */
  evaluateOnBatch?(batch: Batch): BatchResult | Promise<BatchResult>;
}

/** What can be tested: a compiled model, or one's own loop. */
export type Trainee<Batch = TensorPair> = LayersModel | CustomTrainee<Batch>;
