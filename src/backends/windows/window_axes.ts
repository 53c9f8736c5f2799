/** How the windows of a pooling lie on its input. */

import type { backend_util } from "@tensorflow/tfjs";

/** How windows lie along an axis. */
export interface WindowAxis {
  readonly size: number;
  readonly window: number;
  readonly stride: number;
  readonly before: number;
  readonly out: number;
}

/** The axes of an image, or of a volume. */
export function axesOfInfo(
  info: backend_util.Conv2DInfo | backend_util.Conv3DInfo,
): WindowAxis[] {
  const depth = "inDepth" in info
    ? [{
      size: info.inDepth,
      window: info.filterDepth,
      stride: info.strideDepth,
      before: info.padInfo.front,
      out: info.outDepth,
    }]
    : [];
  return [...depth, {
    size: info.inHeight,
    window: info.filterHeight,
    stride: info.strideHeight,
    before: info.padInfo.top,
    out: info.outHeight,
  }, {
    size: info.inWidth,
    window: info.filterWidth,
    stride: info.strideWidth,
    before: info.padInfo.left,
    out: info.outWidth,
  }];
}

/** How many entries of its axis each window covers. */
export function coveredBy(
  { size, window, stride, before, out }: WindowAxis,
): number[] {
  return Array.from({ length: out }, (_, i) => {
    const start = i * stride - before;
    const end = Math.min(size, start + window);
    return Math.max(0, end - Math.max(0, start));
  });
}

/** Whether some window lies on padding alone. */
export function someOutside(
  info: backend_util.Conv2DInfo | backend_util.Conv3DInfo,
): boolean {
  return axesOfInfo(info).some((axis) => coveredBy(axis).includes(0));
}
