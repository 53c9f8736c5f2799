/**
 * Average pooling by windows of one pixel. tfjs's own (in version 4.22) takes the
 * input for the result wherever their shapes are the same, and elsewhere leaves the
 * padding before it out.
 */

import * as tf from "@tensorflow/tfjs";
import { shape4D } from "../_shapes.ts";
import {
  axesOfInfo,
  someOutside,
  type WindowAxis,
} from "../windows/window_axes.ts";
import { type OfX, type Own, replace, run } from "./_mend_kernel.ts";

/** What pads an axis so that its windows lie within. */
function padding(
  { size, stride, before, out }: WindowAxis,
): [number, number] {
  return [before, Math.max(0, (out - 1) * stride + 1 - before - size)];
}

/** Of windows on padding alone it is 0, as is what the input is padded with. */
function ofPadded(stock: Own<OfX, tf.AvgPoolAttrs>): typeof stock {
  return (call) => {
    const { inputs: { x }, attrs, backend } = call;
    const info = tf.backend_util.computePool2DInfo(
      shape4D(x),
      attrs.filterSize,
      attrs.strides,
      1,
      attrs.pad,
      attrs.dimRoundingMode,
    );
    const isOne = info.filterHeight === 1 && info.filterWidth === 1;
    if (!isOne || !someOutside(info)) return stock(call);
    const [height, width] = axesOfInfo(info).map(padding);
    const padded = run(backend, "PadV2", {
      inputs: { x },
      attrs: { paddings: [[0, 0], height, width, [0, 0]], constantValue: 0 },
    });
    const pooled = stock({
      inputs: { x: padded },
      attrs: { filterSize: 1, strides: attrs.strides, pad: "valid" },
      backend,
    });
    backend.disposeData(padded.dataId);
    return pooled;
  };
}

/** Registers it. */
export function mendOnePixelWindows(): void {
  replace("AvgPool", ofPadded);
}
