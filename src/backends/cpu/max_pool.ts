import {
  backend_util,
  type MaxPoolAttrs,
  type MaxPoolInputs,
} from "@tensorflow/tfjs";
import { shape4D } from "../_shapes.ts";
import { someOutside } from "../windows/window_axes.ts";
import { replaceKernel, valuesOf } from "./_cpu_kernel.ts";
import { poolWindows } from "./_pool_windows.ts";

/** The largest of some numbers, past NaN: NaN where there is no other. */
function largest(numbers: readonly number[]): number {
  let found = NaN;
  for (const number of numbers) {
    if (number > found || Number.isNaN(found)) found = number;
  }
  return found;
}

/**
 * The largest value of each window. Of NaN alone, and of nothing, tfjs's own makes
 * −∞, and the next ReLU 0; and of windows of one pixel the input itself, wherever
 * they lie.
 */
export function replaceMaxPool(): void {
  replaceKernel<MaxPoolInputs, MaxPoolAttrs>(
    "MaxPool",
    (stock) => (call) => {
      const { inputs: { x }, attrs, backend } = call;
      const info = backend_util.computePool2DInfo(
        shape4D(x),
        attrs.filterSize,
        attrs.strides,
        1,
        attrs.pad,
        attrs.dimRoundingMode,
      );
      const isOwn = someOutside(info) ||
        valuesOf(backend, x).values.some(Number.isNaN);
      return isOwn
        ? poolWindows(backend, x, { info, reduce: largest })
        : stock(call);
    },
  );
}
