/** What kernels and gradients of our own need of tfjs's engine. */

import * as tf from "@tensorflow/tfjs";

/** Whether the current backend has a kernel of that name. */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/** Runs a kernel of the current backend that has one or several outputs. */
export function runKernel<Output extends tf.Tensor | tf.Tensor[]>(
  name: string,
  inputs: Record<string, tf.Tensor> | readonly tf.Tensor[],
  attrs: object = {},
): Output {
  return tf.engine().runKernel(
    name,
    inputs as tf.NamedTensorMap,
    attrs as tf.NamedAttrMap,
  );
}

/**
 * How many gradients are being recorded. Our gradient kernels have no gradients
 * themselves, so that they may run only where none is (0) and our forward
 * kernels where no more than one is.
 */
export function gradientDepth(): number {
  return tf.engine().state.gradientDepth;
}

/** The gradient function of a kernel. */
export type GradFunc = tf.GradConfig["gradFunc"];

/** Puts a gradient in the place of tfjs's own. */
export function replaceGradient(
  kernelName: string,
  replace: (stock: tf.GradConfig) => tf.GradConfig,
): void {
  const stock = tf.getGradient(kernelName);
  tf.unregisterGradient(kernelName);
  tf.registerGradient(replace(stock));
}

/**
 * The prototype of one of tfjs's layers, by its class's name. Not by way of a
 * layer, which would count in the names of those after it.
 */
export function layerPrototype(className: string): tf.layers.Layer {
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  const [layer] = classNameMap[className];
  return layer.prototype as unknown as tf.layers.Layer;
}
