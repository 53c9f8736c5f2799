/**
 * The registry of kernels, by types. tfjs gives every kernel maps of anything;
 * here a kernel gets the inputs and attributes that tfjs declares for it.
 */

import {
  getKernel,
  type KernelFunc,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from "@tensorflow/tfjs";

/** What the engine hands to a kernel. */
export interface KernelCall<Inputs, Attrs, Backend> {
  readonly inputs: { readonly [Name in keyof Inputs]: TensorInfo };
  readonly attrs: Attrs;
  readonly backend: Backend;
}

/** A kernel with one output, or with several. */
export type Kernel<Inputs, Attrs, Backend, Output = TensorInfo> = (
  call: KernelCall<Inputs, Attrs, Backend>,
) => Output;

/** A kernel in the shape that tfjs registers. */
export function toKernelFunc(
  kernel: (call: never) => TensorInfo | TensorInfo[],
): KernelFunc {
  return kernel as KernelFunc;
}

/** A registered kernel, which gets and gives what the caller knows. */
export function fromKernelFunc<Inputs, Attrs, Backend, Output = TensorInfo>(
  { kernelFunc }: { readonly kernelFunc: KernelFunc },
): Kernel<Inputs, Attrs, Backend, Output> {
  return kernelFunc as Kernel<never, never, never> as
    & typeof kernelFunc
    & Kernel<Inputs, Attrs, Backend, Output>;
}

/** A backend's kernel of that name. */
export function registeredKernel<
  Inputs = Record<string, TensorInfo>,
  Attrs = object,
  Backend = object,
  Output = TensorInfo,
>(
  kernelName: string,
  backendName: string,
): Kernel<Inputs, Attrs, Backend, Output> {
  const config = getKernel(kernelName, backendName);
  if (config === undefined) {
    throw new Error(
      `Cannot run ${kernelName} as the ${backendName} backend must have that kernel: it is not registered`,
    );
  }
  return fromKernelFunc(config);
}

/** Registers a kernel in the place of a backend's own, which it is made from. */
export function replaceKernel<
  Inputs,
  Attrs,
  Backend,
  Output extends TensorInfo | TensorInfo[] = TensorInfo,
>(
  kernelName: string,
  backendName: string,
  replace: (
    stock: Kernel<Inputs, Attrs, Backend, Output>,
  ) => Kernel<Inputs, Attrs, Backend, Output>,
): void {
  const stock = getKernel(kernelName, backendName);
  if (stock === undefined) {
    throw new Error(
      `Cannot replace ${kernelName} as the ${backendName} backend must have that kernel: it is not registered`,
    );
  }
  unregisterKernel(kernelName, backendName);
  registerKernel({
    ...stock,
    kernelFunc: toKernelFunc(replace(fromKernelFunc(stock))),
  });
}
