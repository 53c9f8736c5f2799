/**
 * Where the pixels of an image come from: what moves images says it itself, of
 * images of places. So gradients agree with it, however a backend rounds.
 */

import * as tf from "@tensorflow/tfjs";

/** What is read from outside of an image of places. */
export const OUTSIDE = -1;

/** Images whose pixels are their own places, counted row by row. */
export function placesOf([count, height, width]: number[]): tf.Tensor4D {
  const places = tf.reshape(tf.range(0, height * width), [1, height, width, 1]);
  return tf.tile(places, [count, 1, 1, 1]) as tf.Tensor4D;
}

/**
 * Places in images, as rows of all their pixels.
 *
 * @param images For each place along the first axis, the number of its image.
 */
export function rowsOf(
  places: tf.Tensor,
  images: tf.Tensor,
  [, height, width]: number[],
): tf.Tensor1D {
  const within = tf.reshape(tf.cast(places, "int32"), [images.size, -1]);
  const before = tf.mul(
    tf.reshape(images, [images.size, 1]),
    tf.scalar(height * width, "int32"),
  );
  const outside = tf.scalar(OUTSIDE, "int32");
  const rows = tf.where(
    tf.greater(within, outside),
    tf.add(within, before),
    tf.mul(tf.onesLike(within), outside),
  );
  return tf.reshape(rows, [-1]);
}

/** Adds pixels up where they came from; those from outside are left out. */
export function putBack(
  dy: tf.Tensor,
  rows: tf.Tensor1D,
  shape: number[],
): tf.Tensor {
  const [count, height, width, channels] = shape;
  const pixels = tf.reshape(dy, [rows.size, channels]);
  const sums = tf.unsortedSegmentSum(pixels, rows, count * height * width);
  return tf.reshape(sums, shape);
}

/** The numbers of that many images. */
export function countingTo(count: number): tf.Tensor1D {
  return tf.range(0, count, 1, "int32");
}
