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
import { shape5D } from "../_shapes.ts";
import { axesOfInfo } from "./window_axes.ts";

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

/** How the windows of a 3D convolution are asked for. */
export interface Conv3DWindows {
  readonly strides: Conv3DAttrs["strides"];
  readonly dilations?: Conv3DAttrs["dilations"];
  readonly pad: Conv3DAttrs["pad"];
}

/** How the windows of a 3D convolution lie on its input. */
export function conv3DInfo(
  shape: number[],
  filterShape: number[],
  { strides, dilations = 1, pad }: Conv3DWindows,
): backend_util.Conv3DInfo {
  return unpadded(
    backend_util.computeConv3DInfo(
      shape5D(shape),
      shape5D(filterShape),
      strides,
      dilations,
      pad,
    ),
  );
}

/** With what windows reach over that `dimRoundingMode` rounds up to. */
function reaching(info: backend_util.Conv3DInfo): backend_util.Conv3DInfo {
  const { back, bottom, right } = info.padInfo;
  const [depth, height, width] = axesOfInfo(info).map((axis) =>
    (axis.out - 1) * axis.stride + axis.window - axis.size - axis.before
  );
  return {
    ...info,
    padInfo: {
      ...info.padInfo,
      back: Math.max(back, depth),
      bottom: Math.max(bottom, height),
      right: Math.max(right, width),
    },
  };
}

/** How the windows of a 3D pooling lie on its input. */
export function pool3DInfo(
  shape: number[],
  attrs: Pick<
    AvgPool3DAttrs,
    "filterSize" | "strides" | "pad" | "dimRoundingMode"
  >,
): backend_util.Conv3DInfo {
  const info = backend_util.computePool3DInfo(
    shape5D(shape),
    attrs.filterSize,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  return reaching(unpadded(info));
}
