import {
  backend_util,
  type MaxPoolWithArgmaxAttrs,
  type MaxPoolWithArgmaxInputs,
  util,
} from "@tensorflow/tfjs";
import { shape4D } from "../_shapes.ts";
import { wasmKernel } from "./_wasm_kernel.ts";

/**
 * The largest value of each window, past NaN, and where it lies. The backend's own takes the
 * smallest positive number for the smallest of all, and finds none among negatives.
 */
export const maxPoolWithArgmaxKernel = wasmKernel<
  MaxPoolWithArgmaxInputs,
  MaxPoolWithArgmaxAttrs
>("MaxPoolWithArgmax", ({ inputs: { x }, attrs, backend }) => {
  util.assert(
    x.shape.length === 4,
    () =>
      `Cannot run MaxPoolWithArgmax as x must have 4 dimensions: current shape is [${x.shape}]`,
  );
  const { filterSize, strides, pad, includeBatchInIndex } = attrs;
  const info = backend_util.computePool2DInfo(
    shape4D(x),
    filterSize,
    strides,
    1,
    pad,
  );
  const { inHeight, inWidth, inChannels, outHeight, outWidth } = info;
  const { top, left } = info.padInfo;
  const result = backend.makeOutput(info.outShape, x.dtype);
  const indices = backend.makeOutput(info.outShape, "int32");
  // The views are taken after the allocations, which may move the heap.
  const from = backend.typedArrayFromHeap(x);
  const values = backend.typedArrayFromHeap(result);
  const places = backend.typedArrayFromHeap(indices);
  let at = 0;
  for (let image = 0; image < info.batchSize; image++) {
    const first = image * inHeight * inWidth * inChannels;
    for (let row = 0; row < outHeight; row++) {
      const y0 = row * info.strideHeight - top;
      const yEnd = Math.min(inHeight, y0 + info.filterHeight);
      for (let column = 0; column < outWidth; column++) {
        const x0 = column * info.strideWidth - left;
        const xEnd = Math.min(inWidth, x0 + info.filterWidth);
        for (let c = 0; c < inChannels; c++, at++) {
          let largest = -Infinity;
          let place = -1;
          for (let y = Math.max(0, y0); y < yEnd; y++) {
            for (let x = Math.max(0, x0); x < xEnd; x++) {
              const here = (y * inWidth + x) * inChannels + c;
              const value = from[first + here];
              const isMore = value > largest || Number.isNaN(largest);
              if (place >= 0 && !isMore) continue;
              largest = value;
              place = here;
            }
          }
          values[at] = largest;
          places[at] = place < 0 || !includeBatchInIndex
            ? place
            : first + place;
        }
      }
    }
  }
  return [result, indices];
});
