/**
 * Gradients in the place of tfjs's. tfjs has one gradient for all backends, made
 * of many small operations; here a kernel computes it where there is one.
 */

import * as tf from "@tensorflow/tfjs";
import {
  gradientDepth,
  type InputGradients,
  replaceGradient as replaceFor,
} from "../_engine.ts";

/**
 * Whether kernels without a gradient of their own may be used: where gradients
 * are nested, those of the inner ones are differentiated too. `depth` is how
 * many there are at the least: 0 in a backward pass, 1 in a forward pass.
 */
export function isFirstOrder(depth: 0 | 1): boolean {
  return tf.getBackend() === "webgpu" && gradientDepth() <= depth;
}

/** Computes a gradient by `compute` on WebGPU, where it gives one. */
export function replaceGradient<Attrs = object>(
  kernelName: string,
  compute: (
    dy: tf.Tensor,
    saved: tf.Tensor[],
    attrs: Attrs,
  ) => InputGradients | undefined,
): void {
  replaceFor<Attrs>(kernelName, (stock) => ({
    ...stock,
    gradFunc(dy, saved, attrs) {
      const isPlain = isFirstOrder(0) && !Array.isArray(dy) &&
        dy.dtype === "float32" &&
        saved.every((tensor) => tensor?.dtype === "float32");
      const own = isPlain ? compute(dy, saved, attrs) : undefined;
      return own ?? stock.gradFunc(dy, saved, attrs);
    },
  }));
}
