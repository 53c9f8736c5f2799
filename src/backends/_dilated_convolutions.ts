/**
 * The gradients of dilated convolutions, which tfjs refuses, on every backend:
 * those of plain convolutions by the filter with zeros between its values. With
 * them, its layer that refuses a dilation in training, and the one that ignores
 * it.
 */

import * as tf from "@tensorflow/tfjs";
import { gradientDepth, layerPrototype, replaceGradient } from "./_engine.ts";

/** The attributes of a convolution; layers leave the rates out by null. */
interface Dilated {
  readonly dilations?: number | number[] | null;
}

/** The rate along each of the axes of the windows. */
function ratesOf({ dilations }: Dilated, axes: number): number[] {
  return Array.from(
    { length: axes },
    (_, i) => typeof dilations === "number" ? dilations : dilations?.[i] ?? 1,
  );
}

/** The axis as the second of three. */
function aroundAxis(shape: readonly number[], axis: number) {
  return {
    outer: tf.util.sizeFromShape(shape.slice(0, axis)),
    inner: tf.util.sizeFromShape(shape.slice(axis + 1)),
  };
}

/** `rate − 1` zeros between the values along each of the first axes. */
function dilate(filter: tf.Tensor, rates: readonly number[]): tf.Tensor {
  return rates.reduce((from, rate, axis) => {
    if (rate === 1) return from;
    const { outer, inner } = aroundAxis(from.shape, axis);
    const length = from.shape[axis];
    const reach = (length - 1) * rate + 1;
    const apart = tf.pad(
      tf.reshape(from, [outer * length, 1, inner]),
      [[0, 0], [0, rate - 1], [0, 0]],
    );
    const rows = tf.reshape(apart, [outer, length * rate, inner]);
    const shape = from.shape.map((size, i) => i === axis ? reach : size);
    return tf.reshape(
      tf.slice(rows, [0, 0, 0], [outer, reach, inner]),
      shape,
    );
  }, filter);
}

/** Every `rate`-th value along each of the first axes: the adjoint of dilating. */
function thin(gradient: tf.Tensor, rates: readonly number[]): tf.Tensor {
  return rates.reduce((from, rate, axis) => {
    if (rate === 1) return from;
    const { outer, inner } = aroundAxis(from.shape, axis);
    const reach = from.shape[axis];
    const length = (reach - 1) / rate + 1;
    const rows = tf.pad(
      tf.reshape(from, [outer, reach, inner]),
      [[0, 0], [0, rate - 1], [0, 0]],
    );
    const apart = tf.reshape(rows, [outer * length, rate, inner]);
    const shape = from.shape.map((size, i) => i === axis ? length : size);
    return tf.reshape(
      tf.slice(apart, [0, 0, 0], [outer * length, 1, inner]),
      shape,
    );
  }, gradient);
}

function mendGradient(kernelName: string, axes: number): void {
  replaceGradient<Dilated>(kernelName, (stock) => ({
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const rates = ratesOf(attrs, axes);
      if (rates.every((rate) => rate === 1)) {
        return stock.gradFunc(dy, saved, attrs);
      }
      const [x, filter] = saved;
      const gradients = stock.gradFunc(dy, [x, dilate(filter, rates)], {
        ...attrs,
        dilations: Array(axes).fill(1),
      });
      return {
        x: gradients.x,
        filter: () => thin(gradients.filter(), rates),
      };
    },
  }));
}

/** The fields of the layers that tfjs's types keep to themselves. */
interface Convolution extends tf.layers.Layer {
  readonly kernel: tf.LayerVariable;
  readonly bias?: tf.LayerVariable | null;
  readonly useBias: boolean;
  readonly activation: { apply(x: tf.Tensor): tf.Tensor } | null;
  readonly strides: [number, number];
  readonly padding: "same" | "valid" | "causal";
  readonly dataFormat: "channelsFirst" | "channelsLast";
  readonly dilationRate: [number, number];
}

type Call = (
  this: Convolution,
  inputs: tf.Tensor | tf.Tensor[],
  kwargs: object,
) => tf.Tensor | tf.Tensor[];

/** Another call of a layer, where it is dilated. */
function replaceCall(className: string, replace: (stock: Call) => Call): void {
  const prototype = layerPrototype<Convolution>(className);
  const stock: Call = prototype.call;
  const mended = replace(stock);
  prototype.call = function (this: Convolution, inputs, kwargs) {
    const isDilated = this.dilationRate.some((rate) => rate > 1);
    return (isDilated ? mended : stock).call(this, inputs, kwargs);
  };
}

/** Of the fused convolution that this layer runs, tfjs refuses the gradient. */
function mendConv2D(stock: Call): Call {
  return function (inputs, kwargs) {
    const { padding } = this;
    if (padding === "causal") return stock.call(this, inputs, kwargs);
    return tf.tidy(() => {
      const given = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;
      const first = this.dataFormat === "channelsFirst";
      let y: tf.Tensor = tf.conv2d(
        first ? tf.transpose(given, [0, 2, 3, 1]) : given,
        this.kernel.read() as tf.Tensor4D,
        this.strides,
        padding,
        "NHWC",
        this.dilationRate,
      );
      if (this.useBias) y = tf.add(y, this.bias!.read());
      if (first) y = tf.transpose(y, [0, 3, 1, 2]);
      return this.activation ? this.activation.apply(y) : y;
    });
  };
}

/** tfjs would train this layer as if it had no dilation. */
function refuseDepthwise(stock: Call): Call {
  return function (inputs, kwargs) {
    if (gradientDepth() > 0) {
      throw new RangeError(
        `Cannot train layer "${this.name}" (DepthwiseConv2D) as dilationRate, which TensorFlow.js ignores there, must be 1: ` +
          `current value is ${this.dilationRate}. separableConv2d() has it`,
      );
    }
    return stock.call(this, inputs, kwargs);
  };
}

/** Registers the gradients, mends one layer and refuses to train another. */
export function mendDilatedConvolutions(): void {
  mendGradient("Conv2D", 2);
  mendGradient("DepthwiseConv2dNative", 2);
  mendGradient("Conv3D", 3);
  replaceCall("Conv2D", mendConv2D);
  replaceCall("DepthwiseConv2D", refuseDepthwise);
}
