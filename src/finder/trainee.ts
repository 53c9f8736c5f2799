import type { LayersModel, Optimizer, Tensor, Variable } from "../tfjs.ts";
import type { TensorPair } from "./data.ts";

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
   * Every variable that training changes. What is not named here is not put
   * back after the test.
   */
  readonly variables: readonly Variable[];
  /** Trains one step on a batch and returns its loss. */
  trainOnBatch(batch: Batch): BatchResult | Promise<BatchResult>;
  /**
   * The loss of a batch without training on it. Only `validationData` needs
   * it.
   */
  evaluateOnBatch?(batch: Batch): BatchResult | Promise<BatchResult>;
}

/** What can be tested: a compiled model, or one's own loop. */
export type Trainee<Batch = TensorPair> = LayersModel | CustomTrainee<Batch>;
