/**
 * Preprocessing layers that tfjs (4.22) meant for single images: within a model
 * they write into the shape of what comes before them, forget the batch in their
 * own, and hand lists of tensors to functions that take one.
 */

import * as tf from "@tensorflow/tfjs";
import { layerPrototype } from "../_engine.ts";

/** The size that the layers of images are made with. */
interface OfImages extends tf.layers.Layer {
  readonly height: number;
  readonly width: number;
}

type Shape = (number | null)[];

/** A copy of the only shape. */
function ownShape(shape: tf.Shape | tf.Shape[]): Shape {
  return [...Array.isArray(shape[0]) ? shape[0] : shape as Shape];
}

function onlyOf(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor4D {
  return (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;
}

/** Lets a layer change a copy of the shape that it is asked about. */
function copyShape(className: string): void {
  const prototype = layerPrototype(className);
  const { computeOutputShape } = prototype;
  prototype.computeOutputShape = function (shape) {
    return computeOutputShape.call(this, ownShape(shape));
  };
}

function mendResizing(): void {
  const prototype = layerPrototype<OfImages>("Resizing");
  const { call } = prototype;
  prototype.call = function (inputs, kwargs) {
    return call.call(this, onlyOf(inputs), kwargs);
  };
  prototype.computeOutputShape = function (this: OfImages, shape) {
    const own = ownShape(shape);
    return [...own.slice(0, -3), this.height, this.width, own.at(-1)!];
  };
}

/**
 * A crop is a slice, which has a gradient. tfjs's own looks for the nearest
 * pixels of a box in fractions, and leaves out the first column of images that
 * are one wider than the crop.
 */
function mendCenterCrop(): void {
  copyShape("CenterCrop");
  const prototype = layerPrototype<OfImages>("CenterCrop");
  prototype.call = function (this: OfImages, inputs) {
    const { height, width } = this;
    const x = onlyOf(inputs);
    const [top, left] = [[-3, height], [-2, width]].map(([axis, length]) =>
      Math.floor((x.shape.at(axis)! - length) / 2)
    );
    return tf.tidy(() => {
      if (top >= 0 && left >= 0) {
        const before = x.rank === 4 ? [0] : [];
        return tf.slice(x, [...before, top, left, 0], [
          ...before.map(() => x.shape[0]),
          ...[height, width, x.shape.at(-1)!],
        ]);
      }
      const resized = tf.image.resizeBilinear(x, [height, width]);
      return tf.cast(resized, x.dtype);
    });
  };
}

/** Mends the layers. */
export function mendPreprocessing(): void {
  mendResizing();
  mendCenterCrop();
  copyShape("CategoryEncoding");
}
