/** What kernels for tfjs's CPU backend share. */

import type { TensorInfo } from "@tensorflow/tfjs";
import { type Kernel, replaceKernel as replaceOn } from "../_kernels.ts";

/** The part of tfjs's CPU backend that its kernels use. */
export interface BackendCpu {
  readonly data: {
    get(dataId: TensorInfo["dataId"]): { values: Float32Array };
  };
  disposeIntermediateTensorInfo(tensor: TensorInfo): void;
  makeTensorInfo(
    shape: number[],
    dtype: TensorInfo["dtype"],
    values: Float32Array | Int32Array,
  ): TensorInfo;
}

/** A kernel for the CPU backend that takes the place of tfjs's own. */
export function replaceKernel<
  Inputs,
  Attrs,
  Output extends TensorInfo | TensorInfo[] = TensorInfo,
>(
  kernelName: string,
  replace: (
    stock: Kernel<Inputs, Attrs, BackendCpu, Output>,
  ) => Kernel<Inputs, Attrs, BackendCpu, Output>,
): void {
  replaceOn(kernelName, "cpu", replace);
}

/** The values of a tensor. */
export function valuesOf(
  backend: BackendCpu,
  { dataId, shape }: TensorInfo,
): { shape: number[]; values: Float32Array } {
  return { shape, values: backend.data.get(dataId).values };
}
