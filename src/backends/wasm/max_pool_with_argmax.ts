import {
  backend_util,
  type MaxPoolWithArgmaxAttrs,
  type MaxPoolWithArgmaxInputs,
  util,
} from "@tensorflow/tfjs";
import { shape4D } from "../_shapes.ts";
import { findLargest } from "../windows/largest_of_windows.ts";
import { wasmKernel } from "./_wasm_kernel.ts";

/**
 * The largest value of each window and where it lies. The backend's own takes the
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
  const result = backend.makeOutput(info.outShape, x.dtype);
  const indices = backend.makeOutput(info.outShape, "int32");
  // The views are taken after the allocations, which may move the heap.
  findLargest(backend.typedArrayFromHeap(x), {
    info,
    includeBatch: includeBatchInIndex,
    result: backend.typedArrayFromHeap(result),
    indices: backend.typedArrayFromHeap(indices),
  });
  return [result, indices];
});
