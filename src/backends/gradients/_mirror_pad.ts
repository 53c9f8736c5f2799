/** The gradient of padding by reflection, in the place of tfjs's. */

import * as tf from "@tensorflow/tfjs";
import { firstOf, replaceGradient } from "../_engine.ts";

/** The padded values at one end of an axis, where they came from. */
function sourceOf(
  dy: tf.Tensor,
  { axis, from, size, place }: {
    readonly axis: number;
    readonly from: number;
    readonly size: number;
    /** Where they lie along the axis of the input, and its length. */
    readonly place: { readonly at: number; readonly length: number };
  },
): tf.Tensor {
  const begin = dy.shape.map((_, i) => i === axis ? from : 0);
  const sizes = dy.shape.map((length, i) => i === axis ? size : length);
  const around = dy.shape.map((_, i): [number, number] =>
    i === axis ? [place.at, place.length - place.at - size] : [0, 0]
  );
  return tf.pad(tf.reverse(tf.slice(dy, begin, sizes), axis), around);
}

/**
 * Each value's gradient is the sum over all places to which it was copied;
 * tfjs (4.22) takes the one in the middle alone.
 */
export function mendMirrorPad(): void {
  replaceGradient<tf.MirrorPadAttrs>("MirrorPad", (stock) => ({
    ...stock,
    gradFunc: (dys, [x], { paddings, mode }) => ({
      x: () => {
        // In "reflect" mode the values at the ends are not repeated.
        const off = mode === "reflect" ? 1 : 0;
        return paddings.reduce((dy, [before, after], axis) => {
          const length = x.shape[axis];
          const begin = dy.shape.map((_, i) => i === axis ? before : 0);
          const sizes = dy.shape.map((size, i) => i === axis ? length : size);
          const sums = [tf.slice(dy, begin, sizes)];
          if (before > 0) {
            const place = { at: off, length };
            sums.push(sourceOf(dy, { axis, from: 0, size: before, place }));
          }
          if (after > 0) {
            const place = { at: length - off - after, length };
            const from = before + length;
            sums.push(sourceOf(dy, { axis, from, size: after, place }));
          }
          return tf.addN(sums);
        }, firstOf(dys));
      },
    }),
  }));
}
