/** How kernels of our own, or in the place of tfjs's, are made and registered. */

import * as tf from "@tensorflow/tfjs";
import type { KernelConfig, KernelFunc, TensorInfo } from "@tensorflow/tfjs";
import {
  fromKernelFunc,
  type Kernel,
  type KernelCall as Call,
  toKernelFunc,
} from "../_kernels.ts";
import type { TrainingBackend } from "./_training_backend.ts";

/** What a kernel is called with. */
export type KernelCall<Inputs, Attrs = object> = Call<
  Inputs,
  Attrs,
  TrainingBackend
>;

/** The inputs of a kernel of our own, by their names. */
export type Named<Name extends string> = Record<Name, TensorInfo>;

type Outputs = TensorInfo | TensorInfo[];

/** A kernel on WebGPU. */
export function defineKernel<Inputs, Attrs = object>(
  kernelName: string,
  compute: Kernel<Inputs, Attrs, TrainingBackend, Outputs>,
): KernelConfig {
  return {
    kernelName,
    backendName: "webgpu",
    kernelFunc: toKernelFunc(compute),
  };
}

/** A kernel in the place of tfjs's, which it may fall back on. */
export interface Replacement {
  readonly kernelName: string;
  /** The kernel, from the one that it replaces. */
  readonly replace: (stock: KernelFunc) => KernelFunc;
}

/** A kernel that replaces tfjs's where it applies, and else gives undefined. */
export function replaceKernel<Inputs, Attrs = object>(
  kernelName: string,
  compute: Kernel<Inputs, Attrs, TrainingBackend, Outputs | undefined>,
): Replacement {
  return {
    kernelName,
    replace(kernelFunc) {
      const stock = fromKernelFunc<Inputs, Attrs, TrainingBackend, Outputs>({
        kernelFunc,
      });
      return toKernelFunc((call: KernelCall<Inputs, Attrs>) =>
        compute(call) ?? stock(call)
      );
    },
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
