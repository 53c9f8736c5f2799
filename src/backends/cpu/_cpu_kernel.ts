/** What kernels for tfjs's CPU backend share. */

import {
  getKernel,
  type KernelConfig,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from "@tensorflow/tfjs";

/** The part of tfjs's CPU backend that its kernels use. */
export interface BackendCpu {
  readonly data: {
    get(dataId: TensorInfo["dataId"]): { values: Float32Array };
  };
  disposeIntermediateTensorInfo(tensor: TensorInfo): void;
  makeTensorInfo(
    shape: number[],
    dtype: TensorInfo["dtype"],
    values: Float32Array,
  ): TensorInfo;
}

/** What the engine hands to a kernel of the CPU backend. */
export interface KernelCall<Inputs, Attrs> {
  readonly inputs: { readonly [Name in keyof Inputs]-?: TensorInfo };
  readonly attrs: Attrs;
  readonly backend: BackendCpu;
}

/** A kernel for the CPU backend that takes the place of tfjs's own. */
export function replaceKernel<Inputs, Attrs>(
  kernelName: string,
  replace: (
    stock: (call: KernelCall<Inputs, Attrs>) => TensorInfo,
  ) => (call: KernelCall<Inputs, Attrs>) => TensorInfo,
): void {
  const stock = getKernel(kernelName, "cpu");
  if (stock === undefined) {
    throw new Error(
      `Cannot replace ${kernelName} as tfjs's CPU backend must have that kernel: it is not registered`,
    );
  }
  unregisterKernel(kernelName, "cpu");
  const kernel = replace(
    stock.kernelFunc as Parameters<typeof replace>[0],
  );
  registerKernel({
    ...stock,
    kernelFunc: kernel as KernelConfig["kernelFunc"],
  });
}

/** The values of a tensor. */
export function valuesOf(
  backend: BackendCpu,
  { dataId, shape }: TensorInfo,
): { shape: number[]; values: Float32Array } {
  return { shape, values: backend.data.get(dataId).values };
}
