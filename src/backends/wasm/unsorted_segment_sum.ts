import {
  type UnsortedSegmentSumAttrs,
  type UnsortedSegmentSumInputs,
  util,
} from "@tensorflow/tfjs";
import { wasmKernel } from "./_wasm_kernel.ts";

/**
 * Sums the slices of x that share a segment: the gradient of a gather, and so
 * of every embedding, which tfjs's WASM backend lacks. Slices whose segment is
 * negative or too large are left out.
 */
export const unsortedSegmentSumKernel = wasmKernel<
  UnsortedSegmentSumInputs,
  UnsortedSegmentSumAttrs
>("UnsortedSegmentSum", ({ inputs, attrs, backend }) => {
  const { x, segmentIds } = inputs;
  const { numSegments } = attrs;
  const rank = segmentIds.shape.length;
  const size = util.sizeFromShape(x.shape.slice(rank));
  const shape = [numSegments, ...x.shape.slice(rank)];
  const out = backend.makeOutput(shape, x.dtype);
  // The views are taken after the allocation, which may move the heap.
  const sums = backend.typedArrayFromHeap(out).fill(0);
  const values = backend.typedArrayFromHeap(x);
  const ids = backend.typedArrayFromHeap(segmentIds);
  for (let slice = 0; slice < ids.length; slice++) {
    const id = ids[slice];
    if (id < 0 || id >= numSegments) continue;
    const from = slice * size;
    const to = id * size;
    for (let i = 0; i < size; i++) sums[to + i] += values[from + i];
  }
  return out;
});
