/**
 * The optimizers of the rows. Those of the paper's Table 3 are Caffe's, which
 * its author ran "by invoking the respective option": the update rules of
 * `src/caffe/solvers` in https://github.com/BVLC/caffe, with the constants that
 * its `SolverParameter` and the "full" network's solver file give.
 *
 * tfjs's Momentum (with and without Nesterov), Adam and RMSProp are the same
 * rules. Two are not: its AdaGrad adds 1e-7 under the root, which outweighs this
 * network's first gradients, where Caffe adds 1e-8 to the root; its AdaDelta
 * divides by the mean square before this step's gradient is in it.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { AdamW } from "@clr/clr/training";
import { OPTIMIZERS } from "../training/optimizers.ts";

/** `delta` of Caffe's solvers. */
const DELTA = 1e-8;

/** An update rule with slots that start at zero. */
abstract class Solver extends tf.Optimizer {
  learningRate: number;
  /** The slots of each weight, in the order of the weights. */
  readonly slots: tf.Variable[][] = [];
  readonly #slotCount: number;

  constructor(learningRate: number, slotCount: number) {
    super();
    this.learningRate = learningRate;
    this.#slotCount = slotCount;
  }

  /** What is subtracted from a weight, before the learning rate; updates the slots. */
  protected abstract update(
    gradient: tf.Tensor,
    slots: readonly tf.Variable[],
  ): tf.Tensor;

  override applyGradients(
    gradients: tf.NamedTensorMap | { name: string; tensor: tf.Tensor }[],
  ): void {
    const named = Array.isArray(gradients)
      ? gradients
      : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));
    named.forEach(({ name, tensor }, i) => {
      tf.tidy(() => {
        const weight = tf.engine().registeredVariables[name];
        this.slots[i] ??= Array.from(
          { length: this.#slotCount },
          () => tf.variable(tf.zerosLike(weight), false),
        );
        const update = this.update(tensor, this.slots[i]);
        weight.assign(tf.sub(weight, tf.mul(update, this.learningRate)));
      });
    });
    this.incrementIterations();
  }

  override dispose(): void {
    super.dispose();
    tf.dispose(this.slots);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { learningRate: this.learningRate };
  }
}

/** Caffe's AdaGrad: `h ← h + g²`, `w ← w − lr · g / (√h + 1e-8)`. */
export class CaffeAdaGrad extends Solver {
  /** The name that tfjs knows the class by. */
  static className = "CaffeAdaGrad";

  constructor(learningRate: number) {
    super(learningRate, 1);
  }

  protected override update(
    gradient: tf.Tensor,
    [squares]: readonly tf.Variable[],
  ): tf.Tensor {
    squares.assign(tf.add(squares, tf.square(gradient)));
    return tf.div(gradient, tf.add(tf.sqrt(squares), DELTA));
  }
}

/**
 * Caffe's AdaDelta, with the solver's momentum μ as the decay:
 * `h ← μh + (1 − μ)g²`, `u = g · √((d + 1e-8) / (h + 1e-8))`,
 * `d ← μd + (1 − μ)u²`, `w ← w − lr · u`.
 */
export class CaffeAdaDelta extends Solver {
  /** The name that tfjs knows the class by. */
  static className = "CaffeAdaDelta";
  readonly #decay: number;

  constructor(learningRate: number, decay: number) {
    super(learningRate, 2);
    this.#decay = decay;
  }

  protected override update(
    gradient: tf.Tensor,
    [squares, updates]: readonly tf.Variable[],
  ): tf.Tensor {
    const decayed = (slot: tf.Variable, value: tf.Tensor) =>
      tf.add(
        tf.mul(slot, this.#decay),
        tf.mul(tf.square(value), 1 - this.#decay),
      );
    squares.assign(decayed(squares, gradient));
    const update = tf.mul(
      gradient,
      tf.sqrt(tf.div(tf.add(updates, DELTA), tf.add(squares, DELTA))),
    );
    updates.assign(decayed(updates, update));
    return update;
  }
}

/** What makes the optimizer of a row, by the name that the row gives. */
export const SOLVERS = {
  momentum: OPTIMIZERS.momentum.create,
  nesterov: OPTIMIZERS.nesterov.create,
  /** As the tutorials have it, which is tfjs's. */
  adam: OPTIMIZERS.adam.create,
  adam_w: (learningRate) => new AdamW(learningRate),
  caffe_adam: (learningRate) => tf.train.adam(learningRate, 0.9, 0.999, DELTA),
  // tfjs adds its epsilon under the root.
  caffe_rmsprop: (learningRate) =>
    tf.train.rmsprop(learningRate, 0.99, 0, DELTA ** 2),
  caffe_adagrad: (learningRate) => new CaffeAdaGrad(learningRate),
  caffe_adadelta: (learningRate) => new CaffeAdaDelta(learningRate, 0.9),
} as const satisfies Record<string, (learningRate: number) => tf.Optimizer>;

/** A name of {@linkcode SOLVERS}. */
export type SolverName = keyof typeof SOLVERS;
