/** The gradients of average pooling where windows reach over the border. */

import * as tf from "@tensorflow/tfjs";
import { firstOf, replaceGradient } from "../_engine.ts";
import { pool3DInfo } from "../windows/same_padding.ts";
import { shape4D } from "../_shapes.ts";
import {
  axesOfInfo,
  coveredBy,
  type WindowAxis,
} from "../windows/window_axes.ts";

/**
 * For each window, by how much of it lies on the input the whole window is
 * larger. tfjs's kernels divide by the whole window, where the pooling divided
 * by what lies on the input.
 */
export function outside(
  axes: readonly WindowAxis[],
): tf.Tensor | undefined {
  const factors = axes.map((axis) =>
    Float32Array.from(
      coveredBy(axis),
      (covered) => covered > 0 ? axis.window / covered : 1,
    )
  );
  if (factors.every((axis) => axis.every((factor) => factor === 1))) return;
  return factors.map((axis, i) => {
    const shape = Array(axes.length + 2).fill(1);
    shape[i + 1] = axis.length;
    return tf.tensor(axis, shape);
  }).reduce((product, axis) => tf.mul(product, axis));
}

/** Registers the gradients of average pooling in two dimensions and three. */
export function mendAvgPool(): void {
  replaceGradient<tf.AvgPoolAttrs>("AvgPool", (stock) => ({
    ...stock,
    gradFunc: (dys, saved, attrs) => {
      const dy = firstOf(dys);
      const [x] = saved;
      const { filterSize, strides, pad, dimRoundingMode } = attrs;
      const info = tf.backend_util.computePool2DInfo(
        shape4D(x),
        filterSize,
        strides,
        1,
        pad,
        dimRoundingMode,
      );
      const factor = outside(axesOfInfo(info));
      const scaled = factor ? tf.mul(dy, factor) : dy;
      return stock.gradFunc(scaled, saved, attrs);
    },
  }));
  replaceGradient<tf.AvgPool3DAttrs>("AvgPool3D", (stock) => ({
    ...stock,
    gradFunc: (dys, saved, attrs) => {
      const dy = firstOf(dys);
      const [x] = saved;
      const info = pool3DInfo(x.shape, attrs);
      const factor = outside(axesOfInfo(info));
      const scaled = factor ? tf.mul(dy, factor) : dy;
      return stock.gradFunc(scaled, saved, attrs);
    },
  }));
}
