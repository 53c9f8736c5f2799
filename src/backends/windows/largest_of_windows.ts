/** Max pooling by plain loops. */

import type { backend_util } from "@tensorflow/tfjs";

/**
 * Finds the largest value of each window: of several the first, and the first
 * NaN before any number.
 *
 * @param visit Gets each output's offset and that of the value, or -1 where the
 * window covers nothing.
 */
export function eachLargest(
  values: ArrayLike<number>,
  info: backend_util.Conv2DInfo,
  visit: (output: number, place: number) => void,
): void {
  const { batchSize, inHeight, inWidth, inChannels } = info;
  const { top, left } = info.padInfo;
  let output = 0;
  for (let image = 0; image < batchSize; image++) {
    for (let row = 0; row < info.outHeight; row++) {
      const y0 = row * info.strideHeight - top;
      const yEnd = Math.min(inHeight, y0 + info.filterHeight);
      for (let column = 0; column < info.outWidth; column++) {
        const x0 = column * info.strideWidth - left;
        const xEnd = Math.min(inWidth, x0 + info.filterWidth);
        for (let channel = 0; channel < inChannels; channel++, output++) {
          let place = -1;
          let largest = -Infinity;
          for (let y = Math.max(0, y0); y < yEnd; y++) {
            for (let x = Math.max(0, x0); x < xEnd; x++) {
              const pixel = (image * inHeight + y) * inWidth + x;
              const value = values[pixel * inChannels + channel];
              const isFirstNaN = value !== value && largest === largest;
              if (place >= 0 && !(value > largest) && !isFirstNaN) continue;
              largest = value;
              place = pixel * inChannels + channel;
            }
          }
          visit(output, place);
        }
      }
    }
  }
}

/** The largest values and where they lie, within their image or the batch. */
export function findLargest(
  values: ArrayLike<number>,
  { info, includeBatch, result, indices }: {
    readonly info: backend_util.Conv2DInfo;
    readonly includeBatch: boolean;
    readonly result: { [output: number]: number };
    readonly indices: { [output: number]: number };
  },
): void {
  const size = info.inHeight * info.inWidth * info.inChannels;
  eachLargest(values, info, (output, place) => {
    result[output] = place < 0 ? NaN : values[place];
    indices[output] = place < 0 || includeBatch ? place : place % size;
  });
}
