/** Pooling by plain loops, where tfjs's own is wrong. */

import type { backend_util, TensorInfo } from "@tensorflow/tfjs";
import { type BackendCpu, valuesOf } from "./_cpu_kernel.ts";

/** A pooling of `input`: of each window, what `reduce` makes of the values it covers. */
export function poolWindows(
  backend: BackendCpu,
  input: TensorInfo,
  { info, reduce }: {
    readonly info: backend_util.Conv2DInfo;
    readonly reduce: (covered: readonly number[]) => number;
  },
): TensorInfo {
  const { values } = valuesOf(backend, input);
  const { batchSize, inHeight, inWidth, inChannels } = info;
  const { top, left } = info.padInfo;
  const Values = input.dtype === "int32" ? Int32Array : Float32Array;
  const out = new Values(
    batchSize * info.outHeight * info.outWidth * inChannels,
  );
  const covered: number[] = [];
  let at = 0;
  for (let image = 0; image < batchSize; image++) {
    for (let row = 0; row < info.outHeight; row++) {
      const y = row * info.strideHeight - top;
      const bottom = Math.min(inHeight, y + info.filterHeight);
      for (let column = 0; column < info.outWidth; column++) {
        const x = column * info.strideWidth - left;
        const right = Math.min(inWidth, x + info.filterWidth);
        for (let channel = 0; channel < inChannels; channel++) {
          covered.length = 0;
          for (let h = Math.max(0, y); h < bottom; h++) {
            for (let w = Math.max(0, x); w < right; w++) {
              const pixel = (image * inHeight + h) * inWidth + w;
              covered.push(values[pixel * inChannels + channel]);
            }
          }
          out[at++] = reduce(covered);
        }
      }
    }
  }
  return backend.makeTensorInfo(info.outShape, input.dtype, out);
}
