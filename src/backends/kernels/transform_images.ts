/** Projective transformations of images, by loops. */

import type { TransformAttrs } from "@tensorflow/tfjs";

/** Where outside of an axis a coordinate reads, as TensorFlow's image_ops.h maps it. */
const MAPPED: Readonly<
  Record<
    TransformAttrs["fillMode"],
    (at: number, length: number) => number
  >
> = {
  constant: (at) => at,
  nearest: (at) => at,
  /** [a b c d] is [d c b a | a b c d | d c b a]. */
  reflect: (at, length) => {
    if (length <= 1) return 0;
    const period = 2 * length;
    if (at < 0) {
      const near = at + period * Math.trunc(-at / period);
      return near < -length ? near + period : -near - 1;
    }
    if (at <= length - 1) return at;
    const near = at - period * Math.trunc(at / period);
    return near >= length ? period - near - 1 : near;
  },
  /** [a b c d] is [a b c d | a b c d | a b c d]. */
  wrap: (at, length) => {
    if (length <= 1) return 0;
    if (at < 0) return at + length * (Math.trunc(-at / (length - 1)) + 1);
    if (at <= length - 1) return at;
    return at - length * Math.trunc(at / (length - 1));
  },
};

/** To the nearest whole number, halves away from 0. */
function nearest(x: number): number {
  return Math.sign(x) * Math.round(Math.abs(x));
}

/** A coordinate of a pixel and how much of it is read. */
type Part = readonly [at: number, share: number];

/** The one or two places along an axis that a coordinate reads. */
function partsOf(
  at: number,
  length: number,
  { interpolation, fillMode }: TransformAttrs,
): Part[] {
  const mapped = MAPPED[fillMode](at, length);
  const place = fillMode === "constant"
    ? mapped
    : Math.min(Math.max(mapped, 0), length - 1);
  if (interpolation === "nearest") return [[nearest(place), 1]];
  const floor = Math.floor(place);
  return [[floor, floor + 1 - place], [floor + 1, place - floor]];
}

/** What tfjs's kernels take, by values. */
interface Images {
  readonly values: ArrayLike<number>;
  readonly shape: readonly number[];
  /** Eight numbers for each image, or eight for all. */
  readonly transforms: ArrayLike<number>;
}

/** The shape of the images transformed. */
export function transformedShape(
  shape: readonly number[],
  { outputShape }: TransformAttrs,
): number[] {
  const [images, height, width, channels] = shape;
  return [images, ...outputShape ?? [height, width], channels];
}

/** Writes each pixel of `out` from where its transform finds it. */
export function transformImages(
  { values, shape, transforms }: Images,
  attrs: TransformAttrs,
  out: { [index: number]: number },
): void {
  const [images, height, width, channels] = shape;
  const [, outHeight, outWidth] = transformedShape(shape, attrs);
  const { fillValue } = attrs;
  const isShared = transforms.length === 8;
  let to = 0;
  for (let image = 0; image < images; image++) {
    const [a, b, c, d, e, f, g, h] = Array.from(
      { length: 8 },
      (_, i) => transforms[isShared ? i : 8 * image + i],
    );
    for (let row = 0; row < outHeight; row++) {
      for (let column = 0; column < outWidth; column++) {
        const projection = g * column + h * row + 1;
        const x = (a * column + b * row + c) / projection;
        const y = (d * column + e * row + f) / projection;
        const across = projection === 0 ? [] : partsOf(x, width, attrs);
        const down = projection === 0 ? [] : partsOf(y, height, attrs);
        for (let channel = 0; channel < channels; channel++) {
          let sum = 0;
          for (const [i, shareDown] of down) {
            for (const [j, shareAcross] of across) {
              const isIn = i >= 0 && i < height && j >= 0 && j < width;
              const pixel = (image * height + i) * width + j;
              sum += shareDown * shareAcross *
                (isIn ? values[pixel * channels + channel] : fillValue);
            }
          }
          out[to++] = projection === 0 ? fillValue : sum;
        }
      }
    }
  }
}
