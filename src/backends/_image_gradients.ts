/**
 * Gradients of images that are turned, transformed or cropped, of which tfjs
 * (4.22) has none. Where the pixels come from, the kernels themselves say, of
 * images of places: so both agree, however a backend rounds.
 */

import * as tf from "@tensorflow/tfjs";
import { firstOf, registerGradient, runKernel } from "./_engine.ts";
import { shape4D } from "./_shapes.ts";

/** What is read from outside of an image of places. */
const OUTSIDE = -1;

/** Images whose pixels are their own places, counted row by row. */
function placesOf([count, height, width]: number[]): tf.Tensor4D {
  const places = tf.reshape(tf.range(0, height * width), [1, height, width, 1]);
  return tf.tile(places, [count, 1, 1, 1]) as tf.Tensor4D;
}

/**
 * Places in images, as rows of all their pixels.
 *
 * @param images For each place along the first axis, the number of its image.
 */
function rowsOf(
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
function putBack(dy: tf.Tensor, rows: tf.Tensor1D, shape: number[]): tf.Tensor {
  const [count, height, width, channels] = shape;
  const pixels = tf.reshape(dy, [rows.size, channels]);
  const sums = tf.unsortedSegmentSum(pixels, rows, count * height * width);
  return tf.reshape(sums, shape);
}

const countingTo = (count: number) => tf.range(0, count, 1, "int32");

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

function addTransform(): void {
  registerGradient<tf.TransformAttrs>({
    kernelName: "Transform",
    inputsToSave: ["image", "transforms"],
    gradFunc: (dys, [{ shape }, transforms], attrs) => ({
      image: () => {
        if (attrs.interpolation !== "nearest") {
          throw new Error(
            `Cannot differentiate Transform as its interpolation must be "nearest": current value is "${attrs.interpolation}"; tf.image.cropAndResize() has a gradient with both`,
          );
        }
        const taken = runKernel("Transform", {
          image: placesOf(shape),
          transforms,
        }, { ...attrs, fillValue: OUTSIDE });
        const rows = rowsOf(taken, countingTo(shape[0]), shape);
        return putBack(firstOf(dys), rows, shape);
      },
    }),
  });
}

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

function addCrop(): void {
  registerGradient<tf.CropAndResizeAttrs>({
    kernelName: "CropAndResize",
    inputsToSave: ["image", "boxes", "boxInd"],
    gradFunc: (dys, saved, attrs) => ({
      image: () => cropImageGradient(firstOf(dys), saved, attrs),
      boxes: () => cropBoxesGradient(firstOf(dys), saved, attrs),
    }),
  });
}

/** Registers them. */
export function addImageGradients(): void {
  addRotation();
  addTransform();
  addCrop();
}
