import {
  backend_util,
  type MaxPoolAttrs,
  type MaxPoolInputs,
} from "@tensorflow/tfjs";
import { shape4D } from "../_shapes.ts";
import { replaceKernel, valuesOf } from "./_cpu_kernel.ts";

/**
 * The largest value of each window, past NaN: NaN where there is no other, of
 * which tfjs's own makes −∞, and the next ReLU 0.
 */
export function replaceMaxPool(): void {
  replaceKernel<MaxPoolInputs, MaxPoolAttrs>(
    "MaxPool",
    (stock) => (call) => {
      const { inputs: { x }, attrs, backend } = call;
      const { values } = valuesOf(backend, x);
      if (!values.some(Number.isNaN)) return stock(call);
      const info = backend_util.computePool2DInfo(
        shape4D(x),
        attrs.filterSize,
        attrs.strides,
        1,
        attrs.pad,
        attrs.dimRoundingMode,
      );
      const { batchSize, inHeight, inWidth, inChannels } = info;
      const { top, left } = info.padInfo;
      const size = batchSize * info.outHeight * info.outWidth * inChannels;
      const out = new Float32Array(size).fill(NaN);
      let at = 0;
      for (let image = 0; image < batchSize; image++) {
        for (let row = 0; row < info.outHeight; row++) {
          const y = row * info.strideHeight - top;
          for (let column = 0; column < info.outWidth; column++) {
            const x0 = column * info.strideWidth - left;
            for (let c = 0; c < inChannels; c++, at++) {
              for (
                let h = Math.max(0, y);
                h < Math.min(inHeight, y + info.filterHeight);
                h++
              ) {
                for (
                  let w = Math.max(0, x0);
                  w < Math.min(inWidth, x0 + info.filterWidth);
                  w++
                ) {
                  const pixel = (image * inHeight + h) * inWidth + w;
                  const value = values[pixel * inChannels + c];
                  if (value > out[at] || Number.isNaN(out[at])) out[at] = value;
                }
              }
            }
          }
        }
      }
      return backend.makeTensorInfo(info.outShape, "float32", out);
    },
  );
}
