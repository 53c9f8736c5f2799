import * as tf from "@tensorflow/tfjs";

await tf.setBackend("cpu");

/** A dense layer that is to learn y = 2x from eight points, and their tensors. */
export function createLine(
  optimizer: tf.Optimizer = tf.train.sgd(0.01),
): { model: tf.Sequential; xs: tf.Tensor2D; ys: tf.Tensor2D } {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 1, inputShape: [1], kernelInitializer: "ones" }),
    ],
  });
  model.compile({ optimizer, loss: "meanSquaredError", metrics: ["mae"] });
  const xs = tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8].map((x) => [x / 8]));
  return { model, xs, ys: tf.tidy(() => xs.mul(2)) };
}
