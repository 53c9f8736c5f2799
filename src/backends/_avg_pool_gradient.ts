/** The gradients of average pooling where windows reach over the border. */

import * as tf from "@tensorflow/tfjs";
import { firstOf, replaceGradient } from "./_engine.ts";
import { pool3DInfo } from "./_same_padding.ts";
import { shape4D } from "./_shapes.ts";

/** How windows lie along an axis. */
export interface WindowAxis {
  readonly size: number;
  readonly window: number;
  readonly stride: number;
  readonly before: number;
  readonly out: number;
}

/** The axes of an image, or of a volume. */
export function axesOfInfo(
  info: tf.backend_util.Conv2DInfo | tf.backend_util.Conv3DInfo,
): WindowAxis[] {
  const depth = "inDepth" in info
    ? [{
      size: info.inDepth,
      window: info.filterDepth,
      stride: info.strideDepth,
      before: info.padInfo.front,
      out: info.outDepth,
    }]
    : [];
  return [...depth, {
    size: info.inHeight,
    window: info.filterHeight,
    stride: info.strideHeight,
    before: info.padInfo.top,
    out: info.outHeight,
  }, {
    size: info.inWidth,
    window: info.filterWidth,
    stride: info.strideWidth,
    before: info.padInfo.left,
    out: info.outWidth,
  }];
}

/**
 * For each window, by how much of it lies on the input the whole window is
 * larger. tfjs's kernels divide by the whole window, where the pooling divided
 * by what lies on the input.
 */
export function outside(
  axes: readonly WindowAxis[],
): tf.Tensor | undefined {
  const factors = axes.map(({ size, window, stride, before, out }) =>
    Float32Array.from({ length: out }, (_, i) => {
      const start = i * stride - before;
      const on = Math.min(size, start + window) - Math.max(0, start);
      return on > 0 ? window / on : 1;
    })
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
