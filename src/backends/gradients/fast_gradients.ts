/**
 * Gradients in the place of tfjs's own that are slow: its gradient of `Tile`
 * takes a slice for every repetition, those of `Mean` and `Sum` multiply by ones
 * that JavaScript makes, and that of `FusedBatchNorm` repeats each factor for
 * every value.
 */

import * as tf from "@tensorflow/tfjs";
import {
  firstOf,
  type Gradient,
  gradientDepth,
  hasKernel,
  replaceGradient,
  runKernel,
  sumTo,
} from "../_engine.ts";

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

function reduced({ axis }: tf.SumAttrs, shape: number[]): number[] {
  return tf.util.parseAxisParam(axis, shape);
}

/** For factors of any one shape that broadcasts; tfjs's own takes two. */
function batchNormGradient(
  stock: Gradient<tf.FusedBatchNormAttrs>,
): Gradient<tf.FusedBatchNormAttrs> {
  return {
    ...stock,
    gradFunc: (dys, saved, attrs) => {
      const dy = firstOf(dys);
      const [x, mean, variance, scale] = saved;
      const { shape } = mean;
      const factors = scale ? [variance, scale] : [variance];
      if (factors.some((f) => !tf.util.arraysEqual(f.shape, shape))) {
        return stock.gradFunc(dys, saved, attrs);
      }
      const epsilon = attrs.varianceEpsilon;
      const root = tf.rsqrt(tf.add(variance, epsilon));
      const factor = scale ? tf.mul(root, scale) : root;
      const sum = sumTo(shape, dy);
      const product = sumTo(shape, tf.mul(dy, tf.sub(x, mean)));
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

/**
 * The gradient of a function of one value by a kernel of our own, where the
 * backend has it and no gradient of this gradient is wanted.
 *
 * @param saved Whether it is computed from what the function gave.
 */
function byKernel(kernelName: string, gradient: string, saved: "x" | "y") {
  replaceGradient(kernelName, (stock) => ({
    kernelName,
    ...saved === "x" ? { inputsToSave: ["x"] } : { outputsToSave: [true] },
    gradFunc: (dys, tensors, attrs) => {
      if (!hasKernel(gradient) || gradientDepth() > 0) {
        return stock.gradFunc(dys, tensors, attrs);
      }
      const [y] = tensors;
      const dy = firstOf(dys);
      return { x: () => runKernel(gradient, { dy, y }) };
    },
  }));
}

let replaced = false;

/** Registers the gradients, once, for all backends. */
export function replaceGradients(): void {
  if (replaced) return;
  replaced = true;
  replaceGradient<tf.TileAttrs>("Tile", (stock) => ({
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const [x] = saved;
      const reps = attrs.reps;
      return { x: () => sumRepetitions(firstOf(dy), x.shape, reps) };
    },
  }));
  replaceGradient<tf.SumAttrs>("Sum", (stock) => ({
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const [{ shape }] = saved;
      return { x: () => spread(firstOf(dy), shape, reduced(attrs, shape)) };
    },
  }));
  replaceGradient<tf.MeanAttrs>("Mean", (stock) => ({
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const [{ shape }] = saved;
      const axes = reduced(attrs, shape);
      const count = axes.reduce((size, axis) => size * shape[axis], 1);
      return { x: () => spread(tf.div(firstOf(dy), count), shape, axes) };
    },
  }));
  replaceGradient("FusedBatchNorm", batchNormGradient);
  // tfjs's gradient of ReLU asks where x is positive, which is where y is.
  byKernel("Relu", "ReluGrad", "y");
  byKernel("Relu6", "Relu6Grad", "x");
  byKernel("Sigmoid", "SigmoidGrad", "y");
  byKernel("Tanh", "TanhGrad", "y");
}
