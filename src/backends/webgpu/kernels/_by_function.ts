import type { TensorInfo } from "@tensorflow/tfjs";
import { elementwise, runElementwise } from "../_elementwise.ts";
import { replaceKernel, type Replacement } from "../_kernel.ts";

/** A kernel in the place of tfjs's own, of floats, by one of some WGSL functions. */
export function byFunction(
  kernelName: string,
  name: string,
  functions: string,
): Replacement {
  const shader = elementwise(kernelName.toLowerCase(), ["x"], {
    expression: `${name}(x)`,
    functions,
  });
  return replaceKernel<{ x: TensorInfo }>(
    kernelName,
    ({ inputs: { x }, backend }) =>
      x.dtype === "float32"
        ? runElementwise(backend, { shader, tensors: [x] })
        : undefined,
  );
}
