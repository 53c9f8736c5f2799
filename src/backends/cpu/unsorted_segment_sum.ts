import {
  type UnsortedSegmentSumAttrs,
  type UnsortedSegmentSumInputs,
  util,
} from "@tensorflow/tfjs";
import { replaceKernel, valuesOf } from "./_cpu_kernel.ts";

/**
 * Sums the slices of x that share a segment, in x's type. tfjs's own multiplies
 * all of x by 0 or 1 for every segment: a NaN is in each of them then.
 */
export function replaceUnsortedSegmentSum(): void {
  replaceKernel<UnsortedSegmentSumInputs, UnsortedSegmentSumAttrs>(
    "UnsortedSegmentSum",
    () => ({ inputs: { x, segmentIds }, attrs: { numSegments }, backend }) => {
      const rest = x.shape.slice(segmentIds.shape.length);
      const size = util.sizeFromShape(rest);
      const shape = [numSegments, ...rest];
      const sums = util.getTypedArrayFromDType(
        x.dtype as "float32",
        util.sizeFromShape(shape),
      );
      const { values } = valuesOf(backend, x);
      valuesOf(backend, segmentIds).values.forEach((id, slice) => {
        if (id < 0 || id >= numSegments) return;
        for (let i = 0; i < size; i++) {
          sums[id * size + i] += values[slice * size + i];
        }
      });
      return backend.makeTensorInfo(shape, x.dtype, sums);
    },
  );
}
