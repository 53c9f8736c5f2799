/**
 * Digits that need no download: strokes of a pen, drawn from a seed with another
 * slant, size, place and width for each image. Like MNIST's they are white on
 * black, and a perceptron learns them.
 */

import { seededRandom } from "@clr/clr/training";
import { combineSeeds } from "./_random.ts";
import type { ImageShape, ImageSplit } from "./image_dataset.ts";

type Point = readonly [x: number, y: number];

/** A circle's arc as a polyline, angles in turns from the right, clockwise. */
function arc(
  [x, y]: Point,
  [width, height]: Point,
  { from, to }: { readonly from: number; readonly to: number },
): Point[] {
  const steps = Math.ceil(12 * Math.abs(to - from));
  return Array.from({ length: steps + 1 }, (_, i) => {
    const angle = 2 * Math.PI * (from + (to - from) * i / steps);
    return [x + width * Math.cos(angle), y + height * Math.sin(angle)];
  });
}

/** The strokes of each digit, in a box from −1 to 1, y downwards. */
const STROKES: readonly (readonly (readonly Point[])[])[] = [
  [arc([0, 0], [0.6, 1], { from: 0, to: 1 })],
  [[[-0.35, -0.6], [0.1, -1], [0.1, 1]]],
  [[...arc([0, -0.5], [0.55, 0.5], { from: -0.5, to: 0.1 }), [-0.6, 1], [
    0.6,
    1,
  ]]],
  [
    arc([-0.05, -0.5], [0.55, 0.5], { from: -0.4, to: 0.25 }),
    arc([-0.05, 0.5], [0.6, 0.5], { from: -0.25, to: 0.4 }),
  ],
  [[[0.1, -1], [-0.6, 0.35], [0.6, 0.35]], [[0.25, -0.3], [0.25, 1]]],
  [[
    [0.55, -1],
    [-0.45, -1],
    [-0.5, -0.1],
    ...arc([0, 0.4], [0.6, 0.6], { from: -0.35, to: 0.38 }),
  ]],
  [
    [[0.4, -1], [-0.35, -0.1]],
    arc([0, 0.45], [0.55, 0.55], { from: 0, to: 1 }),
  ],
  [[[-0.6, -1], [0.6, -1], [-0.15, 1]]],
  [
    arc([0, -0.5], [0.48, 0.5], { from: 0, to: 1 }),
    arc([0, 0.5], [0.58, 0.5], { from: 0, to: 1 }),
  ],
  [arc([0, -0.45], [0.55, 0.55], { from: 0, to: 1 }), [[0.55, -0.45], [
    0.3,
    1,
  ]]],
];

/** The distance from a point to the segment from `a` to `b`. */
function distance([x, y]: Point, [a, b]: readonly [Point, Point]): number {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const along = ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy);
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - a[0] - t * dx, y - a[1] - t * dy);
}

/**
 * Draws `count` grey images of digits. Image i depends on the seed, the part and
 * i alone, so a smaller set is the beginning of a larger one.
 */
export function drawSyntheticDigits(
  count: number,
  { shape: [height, width], seed = 0, part = 0 }: {
    shape: ImageShape;
    seed?: number;
    part?: number;
  },
): ImageSplit {
  const images = new Uint8Array(count * height * width);
  const labels = new Uint8Array(count);
  const unit = Math.min(height, width) / 28;

  for (let i = 0; i < count; i++) {
    const random = seededRandom(combineSeeds(seed, part, i));
    const between = (from: number, until: number) =>
      from + (until - from) * random();
    const digit = labels[i] = Math.floor(10 * random());
    const angle = between(-0.25, 0.25);
    const slant = between(-0.3, 0.3);
    const wide = between(6, 9) * unit;
    const high = between(8, 10) * unit;
    const left = width / 2 + between(-2, 2) * unit;
    const top = height / 2 + between(-2, 2) * unit;
    const halfStroke = between(0.9, 1.6) * unit;
    const place = ([x, y]: Point): Point => {
      const [px, py] = [wide * (x - slant * y), high * y];
      return [
        left + px * Math.cos(angle) - py * Math.sin(angle),
        top + px * Math.sin(angle) + py * Math.cos(angle),
      ];
    };
    for (const stroke of STROKES[digit]) {
      const points = stroke.map(place);
      for (let k = 1; k < points.length; k++) {
        ink(points[k - 1], points[k], {
          halfStroke,
          image: i * height * width,
        });
      }
    }
  }
  return { images, labels, count };

  /** Inks the pixels that a segment of the pen covers, their edges in part. */
  function ink(
    a: Point,
    b: Point,
    { halfStroke, image }: {
      readonly halfStroke: number;
      readonly image: number;
    },
  ): void {
    const reach = halfStroke + 1;
    const range = (axis: 0 | 1, size: number) => [
      Math.max(0, Math.floor(Math.min(a[axis], b[axis]) - reach)),
      Math.min(size, Math.ceil(Math.max(a[axis], b[axis]) + reach)),
    ];
    const [fromColumn, toColumn] = range(0, width);
    const [fromRow, toRow] = range(1, height);
    for (let row = fromRow; row < toRow; row++) {
      for (let column = fromColumn; column < toColumn; column++) {
        const covered = halfStroke + 0.5 -
          distance([column + 0.5, row + 0.5], [a, b]);
        const at = image + row * width + column;
        const value = Math.round(255 * Math.min(1, Math.max(0, covered)));
        images[at] = Math.max(images[at], value);
      }
    }
  }
}
