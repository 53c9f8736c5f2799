/** How kernels of our own, or in the place of tfjs's, are made and registered. */

import * as tf from "@tensorflow/tfjs";
import type {
  KernelConfig,
  KernelFunc,
  NamedAttrMap,
  NamedTensorInfoMap,
  TensorInfo,
} from "@tensorflow/tfjs";
import type { TrainingBackend } from "./_backend.ts";

/** What a kernel is called with. */
export interface KernelCall {
  readonly inputs: NamedTensorInfoMap;
  readonly attrs: NamedAttrMap;
  readonly backend: TrainingBackend;
}

/** A kernel on WebGPU. */
export function defineKernel(
  kernelName: string,
  compute: (call: KernelCall) => TensorInfo | TensorInfo[],
): KernelConfig {
  return {
    kernelName,
    backendName: "webgpu",
    kernelFunc: compute as KernelFunc,
  };
}

/** A kernel in the place of tfjs's, which it may fall back on. */
export interface Replacement {
  readonly kernelName: string;
  /** The kernel, from the one that it replaces. */
  readonly replace: (stock: KernelFunc) => KernelFunc;
}

/** A kernel that replaces tfjs's where it applies, and else gives undefined. */
export function replaceKernel(
  kernelName: string,
  compute: (call: KernelCall) => TensorInfo | TensorInfo[] | undefined,
): Replacement {
  return {
    kernelName,
    replace: (stock) => (call) => compute(call as KernelCall) ?? stock(call),
  };
}

/** Registers a kernel of our own, over any that is there. */
export function registerKernel(config: KernelConfig): void {
  if (tf.getKernel(config.kernelName, "webgpu")) {
    tf.unregisterKernel(config.kernelName, "webgpu");
  }
  tf.registerKernel(config);
}

/** Registers a kernel in the place of tfjs's. */
export function registerReplacement({ kernelName, replace }: Replacement) {
  const stock = tf.getKernel(kernelName, "webgpu");
  registerKernel({ ...stock, kernelFunc: replace(stock.kernelFunc) });
}
