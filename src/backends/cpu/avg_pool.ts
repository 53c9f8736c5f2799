import {
  type AvgPoolAttrs,
  type AvgPoolInputs,
  backend_util,
} from "@tensorflow/tfjs";
import { shape4D } from "../_shapes.ts";
import { replaceKernel, valuesOf } from "./_cpu_kernel.ts";

/** Whether the window that begins at `start` lies on the input at all. */
function covers(start: number, window: number, size: number): boolean {
  return start < size && start + window > 0;
}

/** The mean of each window: 0 of nothing, of which tfjs's own makes NaN. */
export function replaceAvgPool(): void {
  replaceKernel<AvgPoolInputs, AvgPoolAttrs>("AvgPool", (stock) => (call) => {
    const result = stock(call);
    const { inputs: { x }, attrs, backend } = call;
    const given = valuesOf(backend, result).values;
    if (!given.some(Number.isNaN)) return result;
    // Of windows of one value, tfjs gives the input itself.
    const values = given.slice();
    const info = backend_util.computePool2DInfo(
      shape4D(x),
      attrs.filterSize,
      attrs.strides,
      1,
      attrs.pad,
      attrs.dimRoundingMode,
    );
    const { outHeight, outWidth, inChannels, padInfo } = info;
    for (let at = 0; at < values.length; at++) {
      const pixel = Math.floor(at / inChannels);
      const column = pixel % outWidth;
      const row = Math.floor(pixel / outWidth) % outHeight;
      const top = row * info.strideHeight - padInfo.top;
      const left = column * info.strideWidth - padInfo.left;
      const isOn = covers(top, info.filterHeight, info.inHeight) &&
        covers(left, info.filterWidth, info.inWidth);
      if (!isOn) values[at] = 0;
    }
    backend.disposeIntermediateTensorInfo(result);
    return backend.makeTensorInfo(result.shape, result.dtype, values);
  });
}
