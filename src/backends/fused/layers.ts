/**
 * tfjs's normalization layers as one kernel each, with its gradient.
 *
 * tfjs normalizes a batch by some twenty operations, each a pass over all
 * activations. Where the current backend has the kernels, the layers call them
 * here, and do what tfjs does elsewhere.
 */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import {
  firstOf,
  gradientDepth,
  hasKernel,
  layerPrototype,
  registerGradient,
  runKernel,
} from "../_engine.ts";

/** The inputs of `FusedBatchNormTraining`; its outputs are y, mean and variance. */
export interface BatchNormTrainingInputs {
  readonly x: TensorInfo;
  readonly scale: TensorInfo;
  readonly offset: TensorInfo;
}

/** Those of its gradient, whose outputs are dx, dscale and doffset. */
export interface BatchNormTrainingGradInputs {
  readonly x: TensorInfo;
  readonly dy: TensorInfo;
  readonly mean: TensorInfo;
  readonly variance: TensorInfo;
  readonly scale: TensorInfo;
}

/** The inputs of `LayerNorm`; its outputs are y and, for each row, the mean and
 * 1 / √(variance + ε). */
export interface LayerNormInputs {
  readonly x: TensorInfo;
  readonly scale: TensorInfo;
  readonly offset: TensorInfo;
}

/** Those of its gradient, whose outputs are dx, dscale and doffset. */
export interface LayerNormGradInputs {
  readonly x: TensorInfo;
  readonly dy: TensorInfo;
  readonly scale: TensorInfo;
  readonly moments: TensorInfo;
}

type Weight = tf.layers.Layer["weights"][number];

/** The fields of the layers that tfjs's types keep to themselves. */
interface NormalizationLayer extends tf.layers.Layer {
  readonly axis: number | number[];
  readonly epsilon: number;
  readonly momentum: number;
  readonly gamma?: Weight | null;
  readonly beta?: Weight | null;
  readonly movingMean: Weight;
  readonly movingVariance: Weight;
}

type Call = tf.layers.Layer["call"];

/** Whether a kernel with a gradient may normalize x over its last dimension. */
function normalizesRows(
  kernel: string,
  x: tf.Tensor,
  axis: number | number[],
): boolean {
  const axes = [axis].flat();
  return hasKernel(kernel) && gradientDepth() <= 1 && x.dtype === "float32" &&
    x.size > 0 && x.rank >= 2 && x.rank <= 4 && axes.length === 1 &&
    (axes[0] === -1 || axes[0] === x.rank - 1);
}

function factors(layer: NormalizationLayer, x: tf.Tensor) {
  const shape = [x.shape[x.rank - 1]];
  return {
    scale: layer.gamma?.read() ?? tf.ones(shape),
    offset: layer.beta?.read() ?? tf.zeros(shape),
  };
}

/** Moves an average towards a value, rounded as tfjs's layer does it. */
function moveAverage(average: Weight, value: tf.Tensor, momentum: number) {
  const before = average.read();
  average.write(tf.sub(before, tf.mul(tf.sub(before, value), 1 - momentum)));
}

function batchNormalization(original: Call): Call {
  return function (this: NormalizationLayer, inputs, settings) {
    const x = firstOf(inputs);
    if (
      !settings.training ||
      !normalizesRows("FusedBatchNormTraining", x, this.axis)
    ) {
      return original.call(this, inputs, settings);
    }
    return tf.tidy(() => {
      const [y, mean, variance] = runKernel<tf.Tensor[]>(
        "FusedBatchNormTraining",
        { x, ...factors(this, x) },
        { varianceEpsilon: this.epsilon },
      );
      moveAverage(this.movingMean, mean, this.momentum);
      moveAverage(this.movingVariance, variance, this.momentum);
      return y;
    });
  };
}

function layerNormalization(original: Call): Call {
  return function (this: NormalizationLayer, inputs, settings) {
    const x = firstOf(inputs);
    if (!normalizesRows("LayerNorm", x, this.axis)) {
      return original.call(this, inputs, settings);
    }
    return tf.tidy(() =>
      runKernel<tf.Tensor[]>(
        "LayerNorm",
        { x, ...factors(this, x) },
        { varianceEpsilon: this.epsilon },
      )[0]
    );
  };
}

function replaceCall(className: string, replace: (original: Call) => Call) {
  const prototype = layerPrototype(className);
  prototype.call = replace(prototype.call);
}

/** The gradient of a kernel that only its first output has. */
function addGradient<Attrs extends object>(
  kernelName: string,
  outputsToSave: boolean[],
  gradient: (dy: tf.Tensor, saved: tf.Tensor[], attrs: Attrs) => tf.Tensor[],
): void {
  registerGradient<Attrs>({
    kernelName,
    inputsToSave: ["x", "scale"],
    outputsToSave,
    // Nothing but moving averages, which learn nothing, is made of the moments.
    gradFunc: (dys, saved, attrs) => {
      const [x, scale, offset] = gradient(firstOf(dys), saved, attrs);
      return { x: () => x, scale: () => scale, offset: () => offset };
    },
  });
}

let fused = false;

/**
 * Lets tfjs's normalization layers, those that exist already too, run as one
 * kernel wherever the current backend has it.
 */
export function fuseLayers(): void {
  if (fused) return;
  fused = true;
  addGradient(
    "FusedBatchNormTraining",
    [false, true, true],
    (dy, [x, scale, mean, variance], attrs) =>
      runKernel(
        "FusedBatchNormTrainingGrad",
        { x, dy, mean, variance, scale },
        attrs,
      ),
  );
  addGradient(
    "LayerNorm",
    [false, true],
    (dy, [x, scale, moments]) =>
      runKernel("LayerNormGrad", { x, dy, scale, moments }),
  );
  replaceCall("BatchNormalization", batchNormalization);
  replaceCall("LayerNormalization", layerNormalization);
}
