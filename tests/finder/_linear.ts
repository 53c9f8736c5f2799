/** A linear regression to find rates for, and the like. */

import * as tf from "@tensorflow/tfjs";

/** Inputs in four dimensions, targets linear in them with some noise. */
export function linearData(
  examples = 128,
): { xs: tf.Tensor2D; ys: tf.Tensor2D } {
  return tf.tidy(() => {
    const xs = tf.randomNormal([examples, 4], 0, 1, "float32", 1);
    const noise = tf.randomNormal([examples, 1], 0, 0.1, "float32", 2);
    return {
      xs: xs as tf.Tensor2D,
      ys: xs.sum(1, true).add(noise) as tf.Tensor2D,
    };
  });
}

export function linearModel(
  optimizer: tf.Optimizer = tf.train.sgd(0.01),
): tf.Sequential {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 1,
        inputShape: [4],
        kernelInitializer: "zeros",
      }),
    ],
  });
  model.compile({ optimizer, loss: "meanSquaredError", metrics: ["mae"] });
  return model;
}

/** Runs `body`, then disposes the tensors made in it outside of tidy scopes. */
export async function scoped<T>(body: () => Promise<T>): Promise<T> {
  tf.engine().startScope();
  try {
    return await body();
  } finally {
    tf.engine().endScope();
    tf.disposeVariables();
  }
}

/** One step of a loss that `loss` computes from a single weight. */
export function customTrainee(
  loss: (weight: tf.Scalar) => tf.Scalar,
  start = 1,
) {
  const weight = tf.variable(tf.scalar(start));
  const optimizer = tf.train.sgd(0.1);
  return {
    optimizer,
    variables: [weight],
    trainOnBatch: () =>
      optimizer.minimize(() => loss(weight as tf.Scalar), true, [weight])!,
  };
}

export function* nothing() {
  while (true) yield {};
}
