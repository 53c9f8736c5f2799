import {
  type ImageShape,
  imageSize,
  type ImageSplit,
} from "./image_dataset.ts";

/**
 * How bytes become the network's numbers: (pixel − mean) · scale, where both
 * have one value for each pixel of an image, one for each channel, or one.
 */
export interface Normalization {
  /** What is subtracted. */
  readonly mean: Float32Array;
  /** What the difference is multiplied by. @default {[1]} */
  readonly scale?: Float32Array;
}

/**
 * The mean image of `split`, pixel by pixel, as Caffe's `compute_image_mean`
 * makes it: subtract it from pixels of 0–255.
 */
export function meanImage(split: ImageSplit, shape: ImageShape): Normalization {
  const size = imageSize(shape);
  const sums = new Float64Array(size);
  for (let i = 0, at = 0; i < split.count; i++) {
    for (let p = 0; p < size; p++) sums[p] += split.images[at++];
  }
  return { mean: Float32Array.from(sums, (sum) => sum / split.count) };
}

/** Zero mean and unit standard deviation for each channel over `split`. */
export function perChannel(
  split: ImageSplit,
  [, , channels]: ImageShape,
): Normalization {
  // Counting bytes makes both moments exact whatever the number of images.
  const counts = Array.from({ length: channels }, () => new Float64Array(256));
  for (let at = 0; at < split.images.length;) {
    for (let c = 0; c < channels; c++) counts[c][split.images[at++]]++;
  }
  const pixels = split.images.length / channels;
  const mean = new Float32Array(channels);
  const scale = new Float32Array(channels);
  counts.forEach((count, c) => {
    const average = count.reduce((sum, n, value) => sum + n * value, 0) /
      pixels;
    const variance = count.reduce((sum, n, value) =>
      sum + n * (value - average) ** 2, 0) /
      pixels;
    mean[c] = average;
    // A channel of one value carries nothing: it becomes 0 rather than NaN.
    scale[c] = variance > 0 ? 1 / Math.sqrt(variance) : 1;
  });
  return { mean, scale };
}

/** Pixels of 0–255 as numbers of 0–1. */
export const unitRange: Normalization = {
  mean: Float32Array.of(0),
  scale: Float32Array.of(1 / 255),
};
