/**
 * What the training kernels share: how a kernel of tfjs's WASM backend looks
 * from the inside, and how one kernel calls another without the op layer's
 * gradient tape between them.
 */

import {
  getKernel,
  type KernelConfig,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import {
  fromKernelFunc,
  type KernelCall as Call,
  registeredKernel,
  toKernelFunc,
} from "../_kernels.ts";

export type { BackendWasm, TensorInfo };

/** What the engine hands to a kernel of the WASM backend. */
export type KernelCall<Inputs, Attrs> = Call<Inputs, Attrs, BackendWasm>;

type Inputs = Record<string, TensorInfo> | readonly TensorInfo[];

/** A kernel for the WASM backend, in the shape that tfjs registers. */
export function wasmKernel<Inputs, Attrs>(
  kernelName: string,
  kernel: (call: KernelCall<Inputs, Attrs>) => TensorInfo | TensorInfo[],
): KernelConfig {
  return {
    kernelName,
    backendName: "wasm",
    kernelFunc: toKernelFunc(kernel),
  };
}

const stock = new Map<string, KernelConfig>();

/**
 * Registers a kernel in the place of the backend's own, which stays reachable
 * through {@linkcode callKernel}. Registering it again changes nothing.
 */
export function installKernel(kernel: KernelConfig): void {
  const { kernelName } = kernel;
  const present = getKernel(kernelName, "wasm");
  if (present?.kernelFunc === kernel.kernelFunc) return;
  if (present !== undefined) {
    stock.set(kernelName, present);
    unregisterKernel(kernelName, "wasm");
  }
  // The engine prepares registered kernels when it starts a backend.
  registerKernel({ ...kernel, setupFunc: present?.setupFunc });
}

/** Whether a tensor's values take 32 bits each, as moves of them expect. */
export function has32Bits({ dtype }: TensorInfo): boolean {
  return dtype === "float32" || dtype === "int32";
}

/** Runs a kernel that the WASM backend itself brings and that has one output. */
export function callKernel(
  backend: BackendWasm,
  kernelName: string,
  { inputs, attrs = {} }: { readonly inputs: Inputs; readonly attrs?: object },
): TensorInfo {
  return stockKernel<TensorInfo>(kernelName)({ inputs, attrs, backend });
}

/** The same for a kernel that has several outputs. */
export function callKernels(
  backend: BackendWasm,
  kernelName: string,
  { inputs, attrs = {} }: { readonly inputs: Inputs; readonly attrs?: object },
): TensorInfo[] {
  return stockKernel<TensorInfo[]>(kernelName)({ inputs, attrs, backend });
}

function stockKernel<Output>(kernelName: string) {
  const config = stock.get(kernelName);
  return config === undefined
    ? registeredKernel<Inputs, object, BackendWasm, Output>(kernelName, "wasm")
    : fromKernelFunc<Inputs, object, BackendWasm, Output>(config);
}

/** Runs a kernel of our own that has one output, registered or not. */
export function runKernel(
  backend: BackendWasm,
  kernel: KernelConfig,
  { inputs, attrs }: { readonly inputs: Inputs; readonly attrs: object },
): TensorInfo {
  return fromKernelFunc<Inputs, object, BackendWasm>(kernel)({
    inputs,
    attrs,
    backend,
  });
}

/** Frees tensors that a kernel made for itself. */
export function release(backend: BackendWasm, ...tensors: TensorInfo[]): void {
  for (const { dataId } of tensors) backend.disposeData(dataId);
}

/** Permutes the dimensions of a tensor into a new one. */
export function transpose(
  backend: BackendWasm,
  x: TensorInfo,
  perm: number[],
): TensorInfo {
  return callKernel(backend, "Transpose", { inputs: { x }, attrs: { perm } });
}

/** Refuses the layout that the WASM backend has no kernels for. */
export function requireChannelsLast(kernel: string, dataFormat: string): void {
  if (dataFormat !== "NHWC" && dataFormat !== "channelsLast") {
    throw new Error(
      `Cannot run ${kernel} on the WASM backend as dataFormat must be "NHWC" (channels last): current value is "${dataFormat}"`,
    );
  }
}
