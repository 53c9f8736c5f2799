import {
  type AvgPoolAttrs,
  type AvgPoolInputs,
  backend_util,
} from "@tensorflow/tfjs";
import { shape4D } from "../_shapes.ts";
import { someOutside } from "../windows/window_axes.ts";
import { replaceKernel } from "./_cpu_kernel.ts";
import { poolWindows } from "./_pool_windows.ts";

/** The mean of some numbers: 0 of none. */
function mean(numbers: readonly number[]): number {
  const sum = numbers.reduce((sum, number) => sum + number, 0);
  return sum / Math.max(1, numbers.length);
}

/**
 * The mean of each window. Of nothing tfjs's own makes NaN, and of windows of one
 * pixel the input itself, wherever they lie.
 */
export function replaceAvgPool(): void {
  replaceKernel<AvgPoolInputs, AvgPoolAttrs>("AvgPool", (stock) => (call) => {
    const { inputs: { x }, attrs, backend } = call;
    const info = backend_util.computePool2DInfo(
      shape4D(x),
      attrs.filterSize,
      attrs.strides,
      1,
      attrs.pad,
      attrs.dimRoundingMode,
    );
    return someOutside(info)
      ? poolWindows(backend, x, { info, reduce: mean })
      : stock(call);
  });
}
