/**
 * Images that need no download: shapes filled with a texture on a plain ground,
 * drawn from a seed. The class is the pair of shape and texture. Colours,
 * place, size and angle are drawn at random, alike for every class, so that
 * neither the mean colour nor any single pixel gives the class away.
 */

import { seededRandom } from "@clr/clr/training";
import { combineSeeds } from "./_random.ts";
import type { ImageShape, ImageSplit } from "./image_dataset.ts";

/** Whether a point is inside, in units in which all shapes have the same area. */
type Region = (x: number, y: number) => boolean;
/**
 * Which of two colours a point has, in pixels along the shape's own axes;
 * `phase` in [0, 1) shifts what repeats.
 */
type Texture = (x: number, y: number, phase: number) => boolean;

const { abs, atan2, cos, floor, hypot, max, PI, sin } = Math;

const shapes: readonly [name: string, region: Region][] = [
  ["disc", (x, y) => hypot(x, y) < 1],
  [
    "cross",
    (x, y) => max(abs(x), abs(y)) < 1 && (abs(x) < 0.36 || abs(y) < 0.36),
  ],
  ["triangle", (x, y) => y < 0.5 && abs(x) < (y + 1) / Math.sqrt(3)],
  ["ring", (x, y) => hypot(x, y) < 1 && hypot(x, y) > 0.55],
  ["bar", (x, y) => abs(x) < 1 && abs(y) < 0.4],
  ["square", (x, y) => max(abs(x), abs(y)) < 1],
  ["crescent", (x, y) => hypot(x, y) < 1 && hypot(x - 0.55, y) > 0.75],
  ["star", (x, y) => hypot(x, y) < 0.7 + 0.4 * cos(5 * atan2(y, x))],
  ["angle", (x, y) => max(abs(x), abs(y)) < 1 && (x < -0.3 || y > 0.3)],
  ["hourglass", (x, y) => abs(y) < 1 && abs(x) < abs(y)],
];

const fraction = (x: number) => x - floor(x);
/** Square wave of period 1. */
const half = (x: number) => fraction(x) < 0.5;

const textures: readonly [name: string, texture: Texture][] = [
  ["striped", (_, y, phase) => half(y / 5 + phase)],
  ["checked", (x, y, phase) => half(x / 7 + phase) !== half(y / 7 + phase)],
  ["plain", () => true],
  [
    "dotted",
    (x, y, phase) =>
      hypot(fraction(x / 5 + phase) - 0.5, fraction(y / 5 + phase) - 0.5) < 0.4,
  ],
  ["ringed", (x, y) => half(hypot(x, y) / 5)],
  ["halved", (x) => x < 0],
  ["quartered", (x, y) => x < 0 !== y < 0],
  ["rayed", (x, y) => half(atan2(y, x) / (PI / 3))],
  [
    "zigzag",
    (x, y, phase) =>
      half((y + 6 * abs(fraction(x / 6 + phase) - 0.5)) / 5 + phase),
  ],
  ["capped", (_, y) => y < -3],
];

/** The factor that gives `region` the area π, found by counting points. */
function unitScale(region: Region): number {
  const steps = 200;
  let inside = 0;
  for (let i = 0; i < steps; i++) {
    for (let j = 0; j < steps; j++) {
      const x = 2.4 * (i + 0.5) / steps - 1.2;
      const y = 2.4 * (j + 0.5) / steps - 1.2;
      if (region(x, y)) inside++;
    }
  }
  return Math.sqrt(2.4 * 2.4 * inside / (steps * steps) / PI);
}

/** Class `index` of `classes` as indices of a shape and a texture. */
function partsOf(
  index: number,
  classes: number,
): [shape: number, texture: number] {
  const count = classes <= 10 ? 2 : 10;
  return [floor(index / count), index % count];
}

/**
 * The names of the synthetic classes by label, such as "striped disc".
 *
 * @throws {RangeError} When there are more than 100 classes.
 */
export function syntheticClassNames(classes: number): string[] {
  if (!(Number.isInteger(classes) && classes > 0 && classes <= 100)) {
    throw new RangeError(
      `Cannot draw synthetic images as classes must be 1 to 100: current value is ${classes}`,
    );
  }
  return Array.from({ length: classes }, (_, index) => {
    const [shape, texture] = partsOf(index, classes);
    return `${textures[texture][0]} ${shapes[shape][0]}`;
  });
}

/** Options of {@linkcode drawSyntheticImages}. */
export interface SyntheticOptions {
  /** Height, width and channels. */
  shape: ImageShape;
  /** How many classes, at most 100. */
  classes: number;
  /** Another seed gives other images. @default {0} */
  seed?: number;
  /** Which part of the data set: parts of one seed have no image in common. @default {0} */
  part?: number;
}

/**
 * Draws `count` images. Image i depends on the seed, the part and i alone, so a
 * smaller set is the beginning of a larger one.
 *
 * @throws {RangeError} When there are more than 100 classes.
 */
export function drawSyntheticImages(
  count: number,
  { shape: [height, width, channels], classes, seed = 0, part = 0 }:
    SyntheticOptions,
): ImageSplit {
  syntheticClassNames(classes);
  const size = height * width * channels;
  const images = new Uint8Array(count * size);
  const labels = new Uint8Array(count);
  const scales = shapes.map(([, region]) => unitScale(region));
  const ground = new Float64Array(channels);
  const light = new Float64Array(channels);
  const dark = new Float64Array(channels);
  const unit = Math.min(height, width) / 32;

  for (let i = 0, to = 0; i < count; i++) {
    const random = seededRandom(combineSeeds(seed, part, i));
    const between = (from: number, until: number) =>
      from + (until - from) * random();
    const label = labels[i] = floor(random() * classes);
    const [shape, texture] = partsOf(label, classes);
    const [, inside] = shapes[shape];
    const [, inLight] = textures[texture];

    // Any colours, but the two of the texture and that of the ground can be
    // told apart. The pixels' spread is about that of photographs, so that
    // learning rates found here are of the right order there.
    let contrast = 0;
    while (contrast < 0.25 * channels) {
      contrast = Infinity;
      for (let c = 0; c < channels; c++) {
        ground[c] = between(0.15, 0.85);
        light[c] = between(0.15, 0.85);
        dark[c] = between(0.15, 0.85);
      }
      for (const [a, b] of [[ground, light], [ground, dark], [light, dark]]) {
        let distance = 0;
        for (let c = 0; c < channels; c++) distance += abs(a[c] - b[c]);
        contrast = Math.min(contrast, distance);
      }
    }
    const radius = between(7, 10) * unit;
    const angle = between(-0.6, 0.6);
    const centreX = width / 2 + between(-4, 4) * unit;
    const centreY = height / 2 + between(-4, 4) * unit;
    const phase = random();
    const along = cos(angle);
    const across = sin(angle);
    const toUnit = scales[shape] / radius;
    const noise = between(5, 30);
    let bits = combineSeeds(seed, part, i, 1) | 1;

    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const dx = column + 0.5 - centreX;
        const dy = row + 0.5 - centreY;
        const x = along * dx + across * dy;
        const y = along * dy - across * dx;
        const colour = !inside(x * toUnit, y * toUnit)
          ? ground
          : inLight(x / unit, y / unit, phase)
          ? light
          : dark;
        // One xorshift a pixel, a byte of it a channel: a generator call for
        // each value would take most of the time.
        bits ^= bits << 13;
        bits ^= bits >>> 17;
        bits ^= bits << 5;
        for (let c = 0; c < channels; c++) {
          const grain = ((bits >>> (8 * c)) & 255) / 127.5 - 1;
          const value = 255 * colour[c] + noise * grain + 0.5;
          // Kept within 0–255 by hand: a plain store would wrap.
          images[to++] = value < 0 ? 0 : value > 255 ? 255 : value;
        }
      }
    }
  }
  return { images, labels, count };
}
