/**
 * Strided slices for kernels that get some of them wrong: where masks leave out
 * dimensions or add them, tfjs's CPU kernel (in version 4.22) reads other values
 * than were asked for, and its WebGPU shader does not compile; where the end lies
 * before the begin, both give more than nothing.
 */

import { slice_util, type StridedSliceAttrs } from "@tensorflow/tfjs";

/** A slice of every dimension, and the shape that it then gets. */
export interface DenseSlice {
  readonly attrs: StridedSliceAttrs;
  readonly shape: number[];
}

/** What a slice comes to: where it begins and ends, and the shape of its result. */
export function sliceInfo(
  shape: number[],
  attrs: StridedSliceAttrs,
): ReturnType<typeof slice_util.sliceInfo> {
  return slice_util.sliceInfo(
    shape,
    attrs.begin,
    attrs.end,
    attrs.strides,
    attrs.beginMask,
    attrs.endMask,
    attrs.ellipsisMask,
    attrs.newAxisMask,
    attrs.shrinkAxisMask,
  );
}

/** The same slice without such masks, and with no end before its begin. */
export function denseSlice(
  shape: number[],
  attrs: StridedSliceAttrs,
): DenseSlice {
  const { begin, end, strides, finalShape } = sliceInfo(shape, attrs);
  const ends = end.map((at, i) =>
    strides[i] > 0 ? Math.max(at, begin[i]) : Math.min(at, begin[i])
  );
  return {
    attrs: {
      begin,
      end: ends,
      strides,
      beginMask: 0,
      // Backwards down to the first, an end of −1 would be the last.
      endMask: ends.reduce((mask, at, i) => at < 0 ? mask | 1 << i : mask, 0),
      ellipsisMask: 0,
      newAxisMask: 0,
      shrinkAxisMask: 0,
    },
    shape: finalShape,
  };
}
