/** What kernels and gradients of our own need of tfjs's engine. */

import * as tf from "@tensorflow/tfjs";

/** Whether the current backend has a kernel of that name. */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/** Runs a kernel of the current backend that has one output, or several. */
export function runKernel<Output extends tf.Tensor | tf.Tensor[] = tf.Tensor>(
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

/** How the engine runs a kernel: with a list of inputs too, where it takes one. */
export type KernelRun = (
  name: string,
  inputs: tf.NamedTensorMap,
  attrs?: tf.NamedAttrMap,
) => tf.Tensor | tf.Tensor[];

/** What runs in the place of a kernel, by its name. */
const runs = new Map<string, KernelRun>();

let engineRun: KernelRun | undefined;

/**
 * Puts something around kernels of these names on every backend, and around what
 * stands there already. It is called once for each thing.
 */
export function aroundKernels(
  names: Iterable<string>,
  around: (run: KernelRun) => KernelRun,
): void {
  const inner = engineRun ??= dispatchByName();
  for (const name of names) runs.set(name, around(runs.get(name) ?? inner));
}

/** Lets the engine look kernels up in {@linkcode runs}; gives what it did before. */
function dispatchByName(): KernelRun {
  const engine = tf.engine();
  const run = engine.runKernel.bind(engine) as KernelRun;
  engine.runKernel =
    ((name, inputs: tf.NamedTensorMap, attrs) =>
      (runs.get(name) ?? run)(name, inputs, attrs)) as typeof engine.runKernel;
  return run;
}

/**
 * How many gradients are being recorded. Our gradient kernels have no gradients
 * themselves, so that they may run only where none is (0) and our forward
 * kernels where no more than one is.
 */
export function gradientDepth(): number {
  return tf.engine().state.gradientDepth;
}

/** The gradient with respect to each input, computed when asked for. */
export type InputGradients = Record<string, () => tf.Tensor>;

/** What the engine gives a gradient to start from, by output if there are several. */
export type OutputGradients = tf.Tensor | tf.Tensor[];

/** A gradient that knows the attributes of its kernel. */
export interface Gradient<Attrs> extends Omit<tf.GradConfig, "gradFunc"> {
  gradFunc(
    dy: OutputGradients,
    saved: tf.Tensor[],
    attrs: Attrs,
  ): InputGradients;
}

/** The gradient of the only output, or of the first. */
export function firstOf(dy: OutputGradients): tf.Tensor {
  return Array.isArray(dy) ? dy[0] : dy;
}

/** Registers the gradient of a kernel that has none. */
export function registerGradient<Attrs = object>(
  gradient: Gradient<Attrs>,
): void {
  const { gradFunc } = gradient;
  tf.registerGradient({
    ...gradient,
    gradFunc: (dy, saved, attrs) => gradFunc(dy, saved, attrs as Attrs),
  });
}

/** Puts a gradient in the place of tfjs's own. */
export function replaceGradient<Attrs = object>(
  kernelName: string,
  replace: (stock: Gradient<Attrs>) => Gradient<Attrs>,
): void {
  const stock = tf.getGradient(kernelName);
  tf.unregisterGradient(kernelName);
  registerGradient(replace({
    ...stock,
    gradFunc: (dy, saved, attrs) =>
      stock.gradFunc(dy, saved, attrs as tf.NamedAttrMap),
  }));
}

/** Sums over the axes along which a tensor of that shape was broadcast. */
export function sumTo(shape: number[], x: tf.Tensor): tf.Tensor {
  // tfjs does not count an axis as broadcast to none.
  if (x.size === 0) return tf.zeros(shape, x.dtype);
  const axes = tf.backend_util.getReductionAxes(shape, x.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(x, axes) : x, shape);
}

/**
 * The prototype of one of tfjs's layers, by its class's name. Not by way of a
 * layer, which would count in the names of those after it.
 */
export function layerPrototype<Layer extends tf.layers.Layer>(
  className: string,
): Layer {
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  const [layer] = classNameMap[className];
  return layer.prototype as Layer;
}
