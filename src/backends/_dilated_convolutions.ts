/**
 * The gradients of dilated convolutions, which tfjs refuses, on every backend:
 * those of plain convolutions by the filter with zeros between its values. With
 * them, its layer that refuses a dilation in training, and the one that ignores
 * it everywhere.
 */

import * as tf from "@tensorflow/tfjs";
import { layerPrototype, replaceGradient } from "./_engine.ts";

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
  readonly bias?: tf.LayerVariable | null;
  readonly useBias: boolean;
  readonly activation: { apply(x: tf.Tensor): tf.Tensor } | null;
  readonly strides: [number, number];
  readonly padding: "same" | "valid" | "causal";
  readonly dataFormat: "channelsFirst" | "channelsLast";
  readonly dilationRate: [number, number];
  readonly kernelSize: [number, number];
}

/** A convolution of an image whose channels are last. */
type Convolve<Layer> = (
  x: tf.Tensor4D,
  layer: Layer & { readonly padding: "same" | "valid" },
) => tf.Tensor;

/** Another call of a layer, where it is dilated. */
function replaceCall<Layer extends Convolution>(
  className: string,
  convolve: Convolve<Layer>,
): void {
  const prototype = layerPrototype<Layer>(className);
  const stock = prototype.call;
  prototype.call = function (this: Layer, inputs, kwargs) {
    const { padding } = this;
    const isDilated = this.dilationRate.some((rate) => rate > 1);
    if (!isDilated || padding === "causal") {
      return stock.call(this, inputs, kwargs);
    }
    return tf.tidy(() => {
      const given = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;
      const first = this.dataFormat === "channelsFirst";
      const x = first ? tf.transpose(given, [0, 2, 3, 1]) : given;
      let y = convolve(x, Object.create(this, { padding: { value: padding } }));
      if (this.useBias) y = tf.add(y, this.bias!.read());
      if (first) y = tf.transpose(y, [0, 3, 1, 2]);
      return this.activation ? this.activation.apply(y) : y;
    });
  };
}

interface Conv2D extends Convolution {
  readonly kernel: tf.LayerVariable;
}

interface DepthwiseConv2D extends Convolution {
  readonly depthwiseKernel: tf.LayerVariable;
}

/** The shape that a dilated layer gives, which tfjs counts without its dilation. */
function mendDepthwiseShape(): void {
  const prototype = layerPrototype<DepthwiseConv2D>("DepthwiseConv2D");
  const stock = prototype.computeOutputShape;
  prototype.computeOutputShape = function (this: DepthwiseConv2D, inputShape) {
    const reach = this.kernelSize.map((size, i) =>
      (size - 1) * this.dilationRate[i] + 1
    );
    const layer = Object.create(this, { kernelSize: { value: reach } });
    return stock.call(layer, inputShape);
  };
}

/** Registers the gradients, and mends the layers. */
export function mendDilatedConvolutions(): void {
  mendGradient("Conv2D", 2);
  mendGradient("DepthwiseConv2dNative", 2);
  mendGradient("Conv3D", 3);
  // Of the fused convolution that this layer runs, tfjs refuses the gradient.
  replaceCall<Conv2D>("Conv2D", (x, layer) =>
    tf.conv2d(
      x,
      layer.kernel.read() as tf.Tensor4D,
      layer.strides,
      layer.padding,
      "NHWC",
      layer.dilationRate,
    ));
  // And this one would compute as if it had no dilation.
  replaceCall<DepthwiseConv2D>(
    "DepthwiseConv2D",
    (x, layer) =>
      tf.depthwiseConv2d(
        x,
        layer.depthwiseKernel.read() as tf.Tensor4D,
        layer.strides,
        layer.padding,
        "NHWC",
        layer.dilationRate,
      ),
  );
  mendDepthwiseShape();
}
