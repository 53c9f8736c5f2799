/** Normalization and resizing. */

import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import {
  type Case,
  input,
  length,
  type Operation,
  Sum,
  type Values,
} from "./_operation.ts";
import { broadcastOffsets } from "./_broadcast.ts";

const EPSILON = 0.001;

const batchNorm: Operation = {
  name: "batchNorm",
  cases: fc.record({
    shape: fc.array(length, { minLength: 2, maxLength: 4 }),
    axis: fc.nat(),
    scaled: fc.boolean(),
    broadcast: fc.boolean(),
  }).chain(({ shape, axis, scaled, broadcast }) => {
    // One parameter for each column, or for each entry of any axis.
    const along = axis % shape.length;
    const own = broadcast
      ? shape.map((n, i) => i === along ? n : 1)
      : [shape[shape.length - 1]];
    return fc.tuple(
      input(shape, ["ordinary", "negative", "positive", "ties"]),
      input(own, ["ordinary"]),
      input(own, ["positive"]),
      ...(scaled
        ? [input(own, ["ordinary", "negative"]), input(own, ["ordinary"])]
        : []),
    ).map((inputs): Case => ({ inputs, attrs: {} }));
  }),
  run: ([x, mean, variance, scale, offset]) =>
    tf.batchNorm(
      x as tf.Tensor4D,
      mean as tf.Tensor1D,
      variance as tf.Tensor1D,
      offset as tf.Tensor1D,
      scale as tf.Tensor1D,
      EPSILON,
    ),
  forward: (inputs) => {
    const y = new Sum(inputs[0].shape);
    visit(inputs, ({ at, root, scale, centred, offset, mean, x }) => {
      y.add(at, centred / root * scale);
      y.bound[at] += (Math.abs(mean) + Math.abs(x)) / root * Math.abs(scale);
      y.add(at, offset);
    });
    return [y];
  },
  backward: (inputs, _, { dys: [dy] }) => {
    const sums = inputs.map(({ shape }) => new Sum(shape));
    const [dx, dMean, dVariance, dScale, dOffset] = sums;
    visit(inputs, ({ at, p, root, scale, centred, x, mean }) => {
      const size = Math.abs(x) + Math.abs(mean);
      dx.add(at, dy[at] * scale / root);
      dMean.add(p, -dy[at] * scale / root);
      dVariance.add(p, -0.5 * dy[at] * scale * centred / root ** 3);
      dVariance.bound[p] += Math.abs(dy[at] * scale) * size / root ** 3;
      dScale?.add(p, dy[at] * centred / root);
      if (dScale) dScale.bound[p] += Math.abs(dy[at]) * size / root;
      dOffset?.add(p, dy[at]);
    });
    return sums;
  },
  roundings: 8,
};

function visit(
  [x, mean, variance, scale, offset]: Values[],
  to: (
    _: Record<
      "at" | "p" | "root" | "scale" | "centred" | "offset" | "mean" | "x",
      number
    >,
  ) => void,
): void {
  const parameter = broadcastOffsets(mean.shape, x.shape);
  for (let at = 0; at < x.values.length; at++) {
    const p = parameter(at);
    to({
      at,
      p,
      root: Math.sqrt(variance.values[p] + EPSILON),
      scale: scale?.values[p] ?? 1,
      offset: offset?.values[p] ?? 0,
      mean: mean.values[p],
      x: x.values[at],
      centred: x.values[at] - mean.values[p],
    });
  }
}

interface Resize {
  readonly to: [number, number];
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

/** The pixels along an axis, before and after. */
interface Lengths {
  readonly from: number;
  readonly to: number;
}

/** The sources of a pixel along an axis and their weights. */
type Sources = readonly (readonly [number, number])[];

function bilinear(i: number, { from, to }: Lengths, r: Resize): Sources {
  const scale = r.alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
  const place = r.halfPixelCenters ? (i + 0.5) * scale - 0.5 : i * scale;
  const low = Math.max(0, Math.floor(place));
  const high = Math.min(from - 1, Math.ceil(place));
  const part = place - Math.floor(Math.max(0, place));
  return [[low, 1 - part], [high, part]];
}

function nearest(i: number, { from, to }: Lengths, r: Resize): Sources {
  const scale = r.alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
  const place = (r.halfPixelCenters ? i + 0.5 : i) * scale;
  return [[
    Math.min(from - 1, r.alignCorners ? Math.round(place) : Math.floor(place)),
    1,
  ]];
}

function resize(
  name: "resizeNearestNeighbor" | "resizeBilinear",
  sources: typeof nearest,
): Operation {
  const apply = (
    shape: readonly number[],
    r: Resize,
    to: (x: number, y: number, weight: number) => void,
  ) => {
    const [batch, height, width, channels] = shape;
    const [rows, columns] = r.to;
    for (let n = 0, y = 0; n < batch; n++) {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          for (let c = 0; c < channels; c++, y++) {
            for (const [h, p] of sources(i, { from: height, to: rows }, r)) {
              for (
                const [w, q] of sources(j, { from: width, to: columns }, r)
              ) {
                to(((n * height + h) * width + w) * channels + c, y, p * q);
              }
            }
          }
        }
      }
    }
  };
  return {
    name,
    cases: fc.record({
      shape: fc.tuple(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 5 }),
      ),
      by: fc.oneof(
        fc.constantFrom(2, 3).map((k) => [k, k]),
        fc.tuple(
          fc.integer({ min: 1, max: 20 }),
          fc.integer({ min: 1, max: 20 }),
        ).map(([h, w]) => [-h, -w]),
      ),
      places: fc.constantFrom("corners", "centers", "edges"),
    }).map(({ shape, by, places }) => ({
      shape,
      // A factor, or a size of its own.
      attrs: {
        alignCorners: places === "corners",
        halfPixelCenters: places === "centers",
        to: [0, 1].map((a) => by[a] > 0 ? shape[1 + a] * by[a] : -by[a]),
      },
    })).chain(({ shape, attrs }) =>
      input(shape, ["ordinary", "ties", "huge"]).map((x): Case => ({
        inputs: [x],
        attrs,
      }))
    ),
    run: ([x], { to, alignCorners, halfPixelCenters }) =>
      tf.image[name](x as tf.Tensor4D, to, alignCorners, halfPixelCenters),
    forward: ([x], r) => {
      const [batch, , , channels] = x.shape;
      const y = new Sum([batch, ...r.to, channels]);
      apply(x.shape, r, (from, to, w) => y.add(to, w * x.values[from]));
      return [y.evened()];
    },
    backward: ([x], r, { dys: [dy] }) => {
      const dx = new Sum(x.shape);
      apply(x.shape, r, (from, to, w) => dx.add(from, w * dy[to]));
      return [dx.evened()];
    },
    roundings: 16,
  };
}

export const images: Operation[] = [
  batchNorm,
  resize("resizeNearestNeighbor", nearest),
  resize("resizeBilinear", bilinear),
];
