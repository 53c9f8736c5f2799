/**
 * The gradients of the largest and the smallest value along axes where several are
 * equal. tfjs's own (4.22) gives each of them the whole slope, which is a slope of
 * nothing: the value grows no faster when two of its like do. Here they share it,
 * as in TensorFlow and in PyTorch's `amax`.
 */

import * as tf from "@tensorflow/tfjs";
import { firstOf, replaceGradient } from "../_engine.ts";

/** The axes, which tfjs names otherwise for each of the two. */
type Axes = Partial<tf.MaxAttrs & tf.MinAttrs>;

function mend(kernelName: "Max" | "Min"): void {
  replaceGradient<Axes>(kernelName, (stock) => ({
    ...stock,
    gradFunc: (dys, [x, y], { reductionIndices, axis = reductionIndices }) => {
      const axes = tf.util.parseAxisParam(axis!, x.shape);
      const kept = x.shape.map((length, axis) =>
        axes.includes(axis) ? 1 : length
      );
      return {
        x: () => {
          const dy = tf.reshape(firstOf(dys), kept);
          const isExtreme = tf.equal(x, tf.reshape(y, kept));
          const equals = tf.cast(isExtreme, dy.dtype);
          const count = tf.sum(equals, axes, true);
          return tf.mul(tf.div(dy, tf.maximum(count, 1)), equals);
        },
      };
    },
  }));
}

/** Registers them. */
export function mendExtremes(): void {
  mend("Max");
  mend("Min");
}
