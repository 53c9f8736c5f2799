/** Gradients that tfjs (4.22) gets wrong, or lacks, on every backend. */

import * as tf from "@tensorflow/tfjs";
import { addGradients } from "./_added.ts";
import { mendAvgPool } from "./_avg_pool.ts";
import { mendDilatedConvolutions } from "./_dilated_convolutions.ts";
import {
  firstOf,
  gradientDepth,
  registerGradient,
  replaceGradient,
  runKernel,
  sumTo,
} from "../_engine.ts";
import { einsumGradient } from "./_einsum.ts";
import { mendExtremes } from "./_extremes.ts";
import { mendFailedGradients } from "./_failed.ts";
import { mendHalfPixelResize } from "./_half_pixel_resize.ts";
import { addImageGradients } from "./_images.ts";
import { mendMirrorPad } from "./_mirror_pad.ts";
import { refuseComplexGradients } from "./_complex.ts";
import { mendRoundedWindows } from "../windows/rounded_windows.ts";
import { orderSavedOutputs } from "./_saved_outputs.ts";
import { addSecondGradients } from "./_second.ts";
import { addStepGradients } from "./_steps.ts";
import { mendSoftmaxCrossEntropy } from "./_softmax_cross_entropy.ts";

/** tfjs's own forget that their inputs may have been broadcast. */
function mendBroadcast(kernelName: string): void {
  replaceGradient(kernelName, (stock) => ({
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const [a, b] = saved;
      const gradients = stock.gradFunc(dy, saved, attrs);
      return {
        a: () => sumTo(a.shape, gradients.a()),
        b: () => sumTo(b.shape, gradients.b()),
      };
    },
  }));
}

/** Of none, where tfjs's own take an axis that was broadcast for one that was not. */
function mendBroadcastToNone(kernelName: string): void {
  replaceGradient(kernelName, (stock) => ({
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const gradients = stock.gradFunc(dy, saved, attrs);
      if (firstOf(dy).size > 0) return gradients;
      const zeros = Object.keys(gradients).map((name, i) =>
        [name, () => tf.zeros(saved[i].shape)] as const
      );
      return Object.fromEntries(zeros);
    },
  }));
}

/** tfjs transposes what it has summed up along the right axis already. */
function mendCumsum(): void {
  replaceGradient<tf.CumsumAttrs>("Cumsum", (stock) => ({
    ...stock,
    gradFunc: (dy, _, attrs) => {
      const { axis, exclusive, reverse } = attrs;
      return { x: () => tf.cumsum(firstOf(dy), axis, exclusive, !reverse) };
    },
  }));
}

/** Of a single part, tfjs's engine gives the gradient as no array. */
function mendParts(kernelName: string): void {
  replaceGradient(kernelName, (stock) => ({
    ...stock,
    gradFunc: (dy, saved, attrs) =>
      stock.gradFunc(Array.isArray(dy) ? dy : [dy], saved, attrs),
  }));
}

/**
 * At 0 the middle of the slopes on both sides; tfjs's own takes the left one.
 * The sign of NaN is 0 in tfjs, and steps are NaN.
 */
function mendAbs(): void {
  replaceGradient("Abs", (stock) => ({
    ...stock,
    gradFunc: (dy, [x]) => ({
      x: () => {
        const floats = tf.cast(x, "float32");
        const slope = tf.sub(tf.step(floats), tf.step(tf.neg(floats)));
        return tf.mul(firstOf(dy), slope);
      },
    }),
  }));
}

/** tfjs's own runs a kernel that has no gradient itself. */
function mendElu(): void {
  replaceGradient("Elu", (stock) => ({
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      if (gradientDepth() === 0) return stock.gradFunc(dy, saved, attrs);
      const [y] = saved;
      const slope = () =>
        tf.where(tf.greaterEqual(y, 0), tf.onesLike(y), tf.add(y, 1));
      return { x: () => tf.mul(firstOf(dy), slope()) };
    },
  }));
}

/** x⁰ is 1 everywhere; tfjs's own gives it the slope 0 · ∞ at 0. */
function mendPow(): void {
  replaceGradient("Pow", (stock) => ({
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const [a, b] = saved;
      const base = () => {
        const exponent = tf.cast(b, "float32");
        const less = tf.where(
          tf.equal(exponent, 0),
          tf.onesLike(exponent),
          tf.sub(exponent, 1),
        );
        const slope = tf.mul(exponent, tf.pow(tf.cast(a, "float32"), less));
        return sumTo(a.shape, tf.mul(firstOf(dy), slope));
      };
      return { ...stock.gradFunc(dy, saved, attrs), a: base };
    },
  }));
}

/** A filter's gradient is linear in both its inputs: so are gradients of it. */
function addConvolutionBackpropFilter(): void {
  if (tf.getGradient("Conv2DBackpropFilter") !== undefined) return;
  registerGradient<tf.Conv2DBackpropFilterAttrs>({
    kernelName: "Conv2DBackpropFilter",
    inputsToSave: ["x", "dy"],
    gradFunc: (ddy, [x, dy], attrs) => {
      const filter = firstOf(ddy);
      const { strides, pad, dataFormat, dimRoundingMode } = attrs;
      const shared = { strides, pad, dataFormat, dimRoundingMode };
      return {
        x: () =>
          runKernel("Conv2DBackpropInput", { dy, filter }, {
            ...shared,
            inputShape: x.shape,
          }),
        dy: () =>
          runKernel("Conv2D", { x, filter }, { ...shared, dilations: 1 }),
      };
    },
  });
}

/** The gradients of a transposed 3D convolution, of which tfjs has none. */
function addConv3DTranspose(): void {
  if (tf.getGradient("Conv3DBackpropInputV2") !== undefined) return;
  registerGradient<tf.Conv3DBackpropInputV2Attrs>({
    kernelName: "Conv3DBackpropInputV2",
    inputsToSave: ["dy", "filter"],
    gradFunc: (ddxs, saved, { strides, pad }) => {
      const x = firstOf(ddxs);
      const [dy, filter] = saved;
      const attrs = { strides, pad, dataFormat: "NDHWC", dilations: 1 };
      return {
        dy: () => runKernel("Conv3D", { x, filter }, attrs),
        filter: () =>
          runKernel("Conv3DBackpropFilterV2", { x, dy }, {
            strides,
            pad,
            filterShape: filter.shape,
          }),
      };
    },
  });
}

/** Of none, tfjs leaves the axis that was broadcast as long as it was. */
function mendSelect(): void {
  replaceGradient("Select", (stock) => ({
    ...stock,
    inputsToSave: ["condition", "t", "e"],
    gradFunc: (dy, saved, attrs) => {
      const gradients = stock.gradFunc(dy, saved, attrs);
      const [, t, e] = saved;
      return {
        ...gradients,
        t: () => sumTo(t.shape, gradients.t()),
        e: () => sumTo(e.shape, gradients.e()),
      };
    },
  }));
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
  [
    "Add",
    "Sub",
    "Multiply",
    "RealDiv",
    "Mod",
    "Atan2",
    "Pow",
    "Prelu",
  ].forEach(mendBroadcastToNone);
  mendCumsum();
  ["SplitV", "Unpack"].forEach(mendParts);
  addStepGradients();
  mendExtremes();
  mendAbs();
  mendElu();
  mendPow();
  mendSelect();
  mendMirrorPad();
  addConvolutionBackpropFilter();
  mendSoftmaxCrossEntropy();
  orderSavedOutputs();
  mendFailedGradients();
  mendHalfPixelResize();
  mendRoundedWindows();
  mendDilatedConvolutions();
  mendAvgPool();
  addConv3DTranspose();
  registerGradient(einsumGradient);
  addGradients();
  addSecondGradients();
  addImageGradients();
  refuseComplexGradients();
}
