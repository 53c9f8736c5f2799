/**
 * Gradients in the place of tfjs's own that are slow: its gradient of `Tile`
 * takes a slice for every repetition, those of `Mean` and `Sum` multiply by ones
 * that JavaScript makes, and that of `FusedBatchNorm` repeats each factor for
 * every value.
 */

import * as tf from "@tensorflow/tfjs";
import { replaceGradient } from "./_engine.ts";

function only(dy: tf.Tensor | tf.Tensor[]): tf.Tensor {
  return Array.isArray(dy) ? dy[0] : dy;
}

/** Sums over the repetitions, axis by axis. */
function sumRepetitions(
  dy: tf.Tensor,
  shape: number[],
  reps: number[],
): tf.Tensor {
  let sum = dy;
  shape.forEach((length, axis) => {
    if (reps[axis] === 1) return;
    const before = tf.util.sizeFromShape(shape.slice(0, axis));
    const after = shape.slice(axis + 1).map((length, i) =>
      length * reps[axis + 1 + i]
    );
    const rest = length * tf.util.sizeFromShape(after);
    sum = tf.sum(tf.reshape(sum, [before, reps[axis], rest]), 1);
  });
  return tf.reshape(sum, shape);
}

/** Repeats what was summed along the axes. */
function spread(dy: tf.Tensor, shape: number[], axes: number[]): tf.Tensor {
  const kept = shape.map((length, axis) => axes.includes(axis) ? 1 : length);
  const reps = shape.map((length, axis) => axes.includes(axis) ? length : 1);
  const expanded = tf.reshape(dy, kept);
  return reps.every((count) => count === 1)
    ? expanded
    : tf.tile(expanded, reps);
}

function reduced(attrs: tf.NamedAttrMap, shape: number[]): number[] {
  return tf.util.parseAxisParam(attrs.axis as number | number[], shape);
}

/** With one factor for each column; others are left to tfjs's own. */
function batchNormGradient(stock: tf.GradConfig): tf.GradConfig {
  return {
    ...stock,
    gradFunc: (dys, saved, attrs) => {
      const dy = only(dys);
      const [x, mean, variance, scale] = saved as tf.Tensor[];
      if (mean.rank !== 1) return stock.gradFunc(dys, saved, attrs);
      const axes = x.shape.map((_, axis) => axis).slice(0, -1);
      const epsilon = attrs.varianceEpsilon as number;
      const root = tf.rsqrt(tf.add(variance, epsilon));
      const factor = scale ? tf.mul(root, scale) : root;
      const sum = tf.sum(dy, axes);
      const product = tf.sum(tf.mul(dy, tf.sub(x, mean)), axes);
      const cube = tf.mul(factor, tf.mul(root, root));
      return {
        x: () => tf.mul(dy, factor),
        mean: () => tf.neg(tf.mul(factor, sum)),
        variance: () => tf.mul(tf.mul(cube, -0.5), product),
        scale: () => tf.mul(root, product),
        offset: () => sum,
      };
    },
  };
}

let replaced = false;

/** Registers the gradients, once, for all backends. */
export function replaceGradients(): void {
  if (replaced) return;
  replaced = true;
  replaceGradient("Tile", (stock) => ({
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const [x] = saved as tf.Tensor[];
      const reps = attrs.reps as number[];
      return { x: () => sumRepetitions(only(dy), x.shape, reps) };
    },
  }));
  replaceGradient("Sum", (stock) => ({
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const [{ shape }] = saved as tf.Tensor[];
      return { x: () => spread(only(dy), shape, reduced(attrs, shape)) };
    },
  }));
  replaceGradient("Mean", (stock) => ({
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const [{ shape }] = saved as tf.Tensor[];
      const axes = reduced(attrs, shape);
      const count = axes.reduce((size, axis) => size * shape[axis], 1);
      return { x: () => spread(tf.div(only(dy), count), shape, axes) };
    },
  }));
  replaceGradient("FusedBatchNorm", batchNormGradient);
}
