/** The gradient of crops of images and of their boxes, of which tfjs (4.22) has none. */

import * as tf from "@tensorflow/tfjs";
import { firstOf, registerGradient, runKernel } from "../_engine.ts";
import { OUTSIDE, placesOf, putBack, rowsOf } from "./_image_places.ts";
import { shape4D } from "../_shapes.ts";

/** What a crop by interpolation reads: the four pixels around each of its own. */
function cornersOf(
  [image, boxes, boxInd]: tf.Tensor[],
  attrs: tf.CropAndResizeAttrs,
) {
  const { shape } = image;
  const [count, height, width] = shape;
  const row = tf.reshape(tf.range(0, height), [1, height, 1, 1]);
  const column = tf.reshape(tf.range(0, width), [1, 1, width, 1]);
  const whole = [count, height, width, 1];
  const lines = [row, column].map((line) => {
    const image = tf.broadcastTo(line, whole);
    return runKernel("CropAndResize", { image, boxes, boxInd }, {
      ...attrs,
      extrapolationValue: OUTSIDE,
    });
  });
  const isWithin = tf.cast(tf.greaterEqual(lines[0], 0), "float32");
  const [down, across] = lines.map((line) => {
    const first = tf.floor(line);
    return { first, share: tf.sub(line, first) };
  });
  const second = {
    down: tf.minimum(tf.add(down.first, 1), height - 1),
    across: tf.minimum(tf.add(across.first, 1), width - 1),
  };
  const at = (y: tf.Tensor, x: tf.Tensor) => {
    const places = tf.add(tf.mul(y, width), x);
    // What lies outside has no place, whatever its neighbours have.
    const within = tf.sub(tf.mul(tf.add(places, 1), isWithin), 1);
    return rowsOf(within, boxInd, shape);
  };
  return {
    isWithin,
    down: down.share,
    across: across.share,
    rows: [
      at(down.first, across.first),
      at(down.first, second.across),
      at(second.down, across.first),
      at(second.down, second.across),
    ],
  };
}

/** Each of the four pixels has its share of a gradient. */
function cropImageGradient(
  dy: tf.Tensor,
  saved: tf.Tensor[],
  attrs: tf.CropAndResizeAttrs,
): tf.Tensor {
  const [{ shape }, boxes, boxInd] = saved;
  if (attrs.method === "nearest") {
    const taken = runKernel("CropAndResize", {
      image: placesOf(shape),
      boxes,
      boxInd,
    }, { ...attrs, extrapolationValue: OUTSIDE });
    return putBack(dy, rowsOf(taken, boxInd, shape), shape);
  }
  const { down, across, rows } = cornersOf(saved, attrs);
  const shares = [tf.sub(1, down), down].flatMap((y) =>
    [tf.sub(1, across), across].map((x) => tf.mul(y, x))
  );
  return tf.addN(
    shares.map((share, i) => putBack(tf.mul(dy, share), rows[i], shape)),
  );
}

/** How far a crop's pixels move along an axis with both ends of its box. */
function movesOf(count: number, length: number): [tf.Tensor, tf.Tensor] {
  const shares = count > 1
    ? tf.div(tf.range(0, count), count - 1)
    : tf.fill([1], 0.5);
  return [
    tf.mul(tf.sub(1, shares), length - 1),
    tf.mul(shares, length - 1),
  ];
}

/** The slopes of the images where the pixels are, times how far these move. */
function cropBoxesGradient(
  dy: tf.Tensor,
  saved: tf.Tensor[],
  attrs: tf.CropAndResizeAttrs,
): tf.Tensor {
  const [image, boxes] = saved;
  if (attrs.method === "nearest") return tf.zerosLike(boxes);
  const { isWithin, down, across, rows } = cornersOf(saved, attrs);
  const shape = shape4D(image);
  const pixels = tf.reshape(image, [-1, shape[3]]);
  const [topLeft, topRight, left, right] = rows.map((places) =>
    tf.reshape(
      tf.gather(pixels, tf.maximum(places, tf.scalar(0, "int32"))),
      dy.shape,
    )
  );
  const mix = (a: tf.Tensor, b: tf.Tensor, share: tf.Tensor) =>
    tf.add(a, tf.mul(tf.sub(b, a), share));
  const bySlope = (slope: tf.Tensor) =>
    tf.sum(tf.mul(tf.mul(dy, slope), isWithin), 3);
  const ofRows = bySlope(
    mix(tf.sub(left, topLeft), tf.sub(right, topRight), across),
  );
  const ofColumns = bySlope(
    mix(tf.sub(topRight, topLeft), tf.sub(right, left), down),
  );
  const [height, width] = attrs.cropSize;
  const [top, bottom] = movesOf(height, shape[1]);
  const [first, last] = movesOf(width, shape[2]);
  const along = (slopes: tf.Tensor, axis: number, moves: tf.Tensor) =>
    tf.sum(tf.mul(tf.sum(slopes, axis), moves), 1);
  return tf.stack([
    along(ofRows, 2, top),
    along(ofColumns, 1, first),
    along(ofRows, 2, bottom),
    along(ofColumns, 1, last),
  ], 1);
}

/** Registers it. */
export function addCropGradient(): void {
  registerGradient<tf.CropAndResizeAttrs>({
    kernelName: "CropAndResize",
    inputsToSave: ["image", "boxes", "boxInd"],
    gradFunc: (dys, saved, attrs) => ({
      image: () => cropImageGradient(firstOf(dys), saved, attrs),
      boxes: () => cropBoxesGradient(firstOf(dys), saved, attrs),
    }),
  });
}
