/** A line to be learned, for the range test of `find-lr`. */

import * as tf from "@tensorflow/tfjs";

/** A dense layer, compiled. */
export function createModel(): tf.LayersModel {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [4] })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  return model;
}

/** Points on it. */
export function createData(): { xs: tf.Tensor; ys: tf.Tensor } {
  const xs = tf.randomNormal([256, 4], 0, 1, "float32", 1);
  return { xs, ys: xs.sum(1, true) };
}
