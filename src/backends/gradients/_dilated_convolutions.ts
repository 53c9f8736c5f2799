/**
 * The gradients of dilated convolutions, which tfjs refuses, on every backend:
 * those of plain convolutions by the filter with zeros between its values.
 */

import * as tf from "@tensorflow/tfjs";
import { replaceGradient } from "../_engine.ts";

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

/** Registers the gradients. */
export function mendDilatedConvolutions(): void {
  mendGradient("Conv2D", 2);
  mendGradient("DepthwiseConv2dNative", 2);
  mendGradient("Conv3D", 3);
}
