/**
 * Gradients of images that are turned, transformed or cropped, of which tfjs
 * (4.22) has none.
 */

import * as tf from "@tensorflow/tfjs";
import { addCropGradient } from "./_crops.ts";
import { firstOf, registerGradient, runKernel } from "../_engine.ts";
import {
  countingTo,
  OUTSIDE,
  placesOf,
  putBack,
  rowsOf,
} from "./_image_places.ts";

function addRotation(): void {
  registerGradient<tf.RotateWithOffsetAttrs>({
    kernelName: "RotateWithOffset",
    inputsToSave: ["image"],
    gradFunc: (dys, [{ shape }], attrs) => ({
      image: () => {
        const taken = runKernel("RotateWithOffset", {
          image: placesOf(shape),
        }, { ...attrs, fillValue: OUTSIDE });
        const rows = rowsOf(taken, countingTo(shape[0]), shape);
        return putBack(firstOf(dys), rows, shape);
      },
    }),
  });
}

/** A share from which on what it is multiplied by can be told. */
const LEAST_SHARE = 2 ** -100;

/**
 * What a transformation by interpolation reads. Each of its pixels is a mixture of
 * four neighbours, one in an even row and an even column, one in an even row and an
 * odd column, and so on: an image of ones where a pixel is of such a kind, and zeros
 * elsewhere, tells its share, and then one of rows or columns its place.
 */
function mixturesOf(
  shape: number[],
  transforms: tf.Tensor,
  attrs: tf.TransformAttrs,
): { share: tf.Tensor; rows: tf.Tensor1D }[] {
  const [count, height, width] = shape;
  const row = tf.reshape(tf.range(0, height), [height, 1]);
  const column = tf.reshape(tf.range(0, width), [1, width]);
  const isOdd = (line: tf.Tensor) => tf.mod(line, 2);
  const isEven = (line: tf.Tensor) => tf.sub(1, isOdd(line));
  const kinds = [isEven, isOdd].flatMap((ofRows) =>
    [isEven, isOdd].map((ofColumns) => tf.mul(ofRows(row), ofColumns(column)))
  );
  const image = tf.tile(
    tf.expandDims(
      tf.stack(
        kinds.flatMap((
          kind,
        ) => [kind, tf.mul(kind, row), tf.mul(kind, column)]),
        2,
      ),
    ),
    [count, 1, 1, 1],
  );
  const mixed = runKernel("Transform", { image, transforms }, {
    ...attrs,
    fillValue: 0,
  });
  const channels = tf.unstack(mixed, 3);
  return kinds.map((_, i) => {
    const [share, y, x] = channels.slice(3 * i, 3 * i + 3);
    const [down, across] = [y, x].map((sum) => tf.round(tf.div(sum, share)));
    const places = tf.where(
      tf.greater(share, LEAST_SHARE),
      tf.add(tf.mul(down, width), across),
      tf.fill(share.shape, OUTSIDE),
    );
    return {
      share: tf.expandDims(share, 3),
      rows: rowsOf(places, countingTo(count), shape),
    };
  });
}

function addTransform(): void {
  registerGradient<tf.TransformAttrs>({
    kernelName: "Transform",
    inputsToSave: ["image", "transforms"],
    gradFunc: (dys, [{ shape }, transforms], attrs) => ({
      image: () => {
        const dy = firstOf(dys);
        if (attrs.interpolation === "bilinear") {
          return tf.addN(
            mixturesOf(shape, transforms, attrs).map(({ share, rows }) =>
              putBack(tf.mul(dy, share), rows, shape)
            ),
          );
        }
        const taken = runKernel("Transform", {
          image: placesOf(shape),
          transforms,
        }, { ...attrs, fillValue: OUTSIDE });
        return putBack(dy, rowsOf(taken, countingTo(shape[0]), shape), shape);
      },
    }),
  });
}

/** An image that is turned back. */
function addFlip(): void {
  registerGradient({
    kernelName: "FlipLeftRight",
    gradFunc: (dys) => ({
      image: () => tf.image.flipLeftRight(firstOf(dys) as tf.Tensor4D),
    }),
  });
}

/** Registers them. */
export function addImageGradients(): void {
  addRotation();
  addTransform();
  addCropGradient();
  addFlip();
}
