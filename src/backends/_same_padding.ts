/**
 * The padding of 3D windows. Where a side of a window is smaller than the stride,
 * tfjs's "same" has a negative padding, so that the first window begins within
 * the input; that of 2D windows has none there.
 */

import {
  type AvgPool3DAttrs,
  backend_util,
  type Conv3DAttrs,
} from "@tensorflow/tfjs";

type Shape5D = [number, number, number, number, number];

function unpadded(info: backend_util.Conv3DInfo): backend_util.Conv3DInfo {
  const { front, back, top, bottom, left, right, type } = info.padInfo;
  const least = (size: number) => Math.max(0, size);
  // Both ends of an axis are negative together, or one of them is 0.
  return {
    ...info,
    padInfo: {
      front: least(front),
      back: least(back),
      top: least(top),
      bottom: least(bottom),
      left: least(left),
      right: least(right),
      type,
    },
  };
}

/** How the windows of a 3D convolution lie on its input. */
export function conv3DInfo(
  shape: number[],
  filterShape: number[],
  strides: Conv3DAttrs["strides"] | number,
  dilations: Conv3DAttrs["dilations"] | number,
  pad: Conv3DAttrs["pad"],
): backend_util.Conv3DInfo {
  return unpadded(
    backend_util.computeConv3DInfo(
      shape as Shape5D,
      filterShape as Shape5D,
      strides,
      dilations,
      pad,
    ),
  );
}

/** How the windows of a 3D pooling lie on its input. */
export function pool3DInfo(
  shape: number[],
  attrs: Pick<
    AvgPool3DAttrs,
    "filterSize" | "strides" | "pad" | "dimRoundingMode"
  >,
): backend_util.Conv3DInfo {
  return unpadded(
    backend_util.computePool3DInfo(
      shape as Shape5D,
      attrs.filterSize,
      attrs.strides,
      1,
      attrs.pad,
      attrs.dimRoundingMode,
    ),
  );
}
