/**
 * Gradients in the place of tfjs's. tfjs has one gradient for all backends, made
 * of many small operations; here a kernel computes it where there is one.
 */

import * as tf from "@tensorflow/tfjs";

/** The gradient with respect to each input, computed when asked for. */
export type InputGradients = Record<string, () => tf.Tensor>;

type Saved = tf.Tensor[];

/**
 * Whether kernels without a gradient of their own may be used: where gradients
 * are nested, those of the inner ones are differentiated too. `depth` is how
 * many there are at the least: 0 in a backward pass, 1 in a forward pass.
 */
export function isFirstOrder(depth: 0 | 1): boolean {
  return tf.getBackend() === "webgpu" &&
    tf.engine().state.gradientDepth <= depth;
}

/** Computes a gradient by `compute` on WebGPU, where it gives one. */
export function replaceGradient(
  kernelName: string,
  compute: (
    dy: tf.Tensor,
    saved: Saved,
    attrs: tf.NamedAttrMap,
  ) => InputGradients | undefined,
): void {
  const stock = tf.getGradient(kernelName);
  tf.unregisterGradient(kernelName);
  tf.registerGradient({
    ...stock,
    gradFunc(dy, saved, attrs) {
      const isPlain = isFirstOrder(0) && !Array.isArray(dy) &&
        dy.dtype === "float32" &&
        saved.every((tensor) => tensor?.dtype === "float32");
      const own = isPlain ? compute(dy, saved, attrs) : undefined;
      return own ??
        stock.gradFunc(dy, saved, attrs);
    },
  });
}

/** Runs a kernel that gives one tensor. */
export function runKernel(
  kernelName: string,
  inputs: Record<string, tf.Tensor>,
  attrs: object = {},
): tf.Tensor {
  return tf.engine().runKernel(
    kernelName,
    inputs as tf.NamedTensorMap,
    attrs as tf.NamedAttrMap,
  );
}
