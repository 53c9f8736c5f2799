/** Gradients that tfjs (4.22) gets wrong, or lacks, on every backend. */

import * as tf from "@tensorflow/tfjs";
import { mendDilatedConvolutions } from "./_dilated_convolutions.ts";
import { replaceGradient } from "./_engine.ts";
import { mendBatchNormalization } from "./_mended_batch_norm.ts";
import { einsumGradient } from "./_einsum_gradient.ts";
import { mendHalfPixelResize } from "./_half_pixel_resize.ts";
import { pool3DInfo } from "./_same_padding.ts";

type Dy = tf.Tensor | tf.Tensor[];

function only(dy: Dy): tf.Tensor {
  return Array.isArray(dy) ? dy[0] : dy;
}

/** Sums over the axes along which a tensor of that shape was broadcast. */
function sumTo(shape: number[], x: tf.Tensor): tf.Tensor {
  const axes = tf.backend_util.getReductionAxes(shape, x.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(x, axes) : x, shape);
}

/** tfjs's own forget that their inputs may have been broadcast. */
function mendBroadcast(kernelName: string): void {
  replaceGradient(kernelName, (stock) => ({
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const [a, b] = saved as tf.Tensor[];
      const gradients = stock.gradFunc(dy, saved, attrs);
      return {
        a: () => sumTo(a.shape, gradients.a()),
        b: () => sumTo(b.shape, gradients.b()),
      };
    },
  }));
}

/** tfjs transposes what it has summed up along the right axis already. */
function mendCumsum(): void {
  replaceGradient("Cumsum", (stock) => ({
    ...stock,
    gradFunc: (dy, _, attrs) => {
      const { axis, exclusive, reverse } = attrs as unknown as tf.CumsumAttrs;
      return { x: () => tf.cumsum(only(dy), axis, exclusive, !reverse) };
    },
  }));
}

/** Of a single part, tfjs's engine gives the gradient as no array. */
function mendParts(kernelName: string): void {
  replaceGradient(kernelName, (stock) => ({
    ...stock,
    gradFunc: (dy, saved, attrs) =>
      stock.gradFunc(
        (Array.isArray(dy) ? dy : [dy]) as unknown as tf.Tensor,
        saved,
        attrs,
      ),
  }));
}

/** A comparison changes nowhere, but in steps. */
function addComparison(kernelName: string): void {
  if (tf.getGradient(kernelName) !== undefined) return;
  tf.registerGradient({
    kernelName,
    inputsToSave: ["a", "b"],
    gradFunc: (_, saved) => {
      const [a, b] = saved as tf.Tensor[];
      return { a: () => tf.zerosLike(a), b: () => tf.zerosLike(b) };
    },
  });
}

/**
 * For each window, by how much of it lies on the input the whole window is
 * larger. tfjs's kernels divide by the whole window, where the pooling divided
 * by what lies on the input.
 */
function outside(
  axes: {
    size: number;
    window: number;
    stride: number;
    before: number;
    out: number;
  }[],
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

function mendAvgPool(): void {
  replaceGradient("AvgPool", (stock) => ({
    ...stock,
    gradFunc: (dys, saved, attrs) => {
      const dy = only(dys);
      const [x] = saved as tf.Tensor4D[];
      const { filterSize, strides, pad, dimRoundingMode } =
        attrs as unknown as tf.AvgPoolAttrs;
      const info = tf.backend_util.computePool2DInfo(
        x.shape,
        filterSize,
        strides,
        1,
        pad,
        dimRoundingMode,
      );
      const factor = outside([{
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
      }]);
      const scaled = factor ? tf.mul(dy, factor) : dy;
      return stock.gradFunc(scaled, saved, attrs);
    },
  }));
  replaceGradient("AvgPool3D", (stock) => ({
    ...stock,
    gradFunc: (dys, saved, attrs) => {
      const dy = only(dys);
      const [x] = saved as tf.Tensor5D[];
      const info = pool3DInfo(x.shape, attrs as unknown as tf.AvgPool3DAttrs);
      const factor = outside([{
        size: info.inDepth,
        window: info.filterDepth,
        stride: info.strideDepth,
        before: info.padInfo.front,
        out: info.outDepth,
      }, {
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
      }]);
      const scaled = factor ? tf.mul(dy, factor) : dy;
      return stock.gradFunc(scaled, saved, attrs);
    },
  }));
}

/** The gradients of a transposed 3D convolution, of which tfjs has none. */
function addConv3DTranspose(): void {
  if (tf.getGradient("Conv3DBackpropInputV2") !== undefined) return;
  tf.registerGradient({
    kernelName: "Conv3DBackpropInputV2",
    inputsToSave: ["dy", "filter"],
    gradFunc: (ddxs, saved, attrs) => {
      const ddx = only(ddxs) as tf.Tensor5D;
      const [dy, filter] = saved as tf.Tensor5D[];
      const { strides, pad } = attrs as unknown as {
        strides: number | [number, number, number];
        pad: "valid" | "same";
      };
      return {
        dy: () => tf.conv3d(ddx, filter, strides, pad),
        filter: () =>
          tf.engine().runKernel("Conv3DBackpropFilterV2", { x: ddx, dy }, {
            strides,
            pad,
            filterShape: filter.shape,
          }) as tf.Tensor,
      };
    },
  });
}

let mended = false;

/** Registers the gradients, once, for all backends. */
export function mendGradients(): void {
  if (mended) return;
  mended = true;
  [
    "Maximum",
    "Minimum",
    "SquaredDifference",
    "BatchMatMul",
  ].forEach(mendBroadcast);
  mendCumsum();
  ["SplitV", "Unpack"].forEach(mendParts);
  [
    "Equal",
    "NotEqual",
    "Greater",
    "GreaterEqual",
    "Less",
    "LessEqual",
  ].forEach(addComparison);
  mendBatchNormalization();
  mendHalfPixelResize();
  mendDilatedConvolutions();
  mendAvgPool();
  addConv3DTranspose();
  tf.registerGradient(einsumGradient);
}
