/** What mended kernels of tfjs's WebGPU backend are made with. */

import type * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { type Kernel, registeredKernel, replaceKernel } from "../_kernels.ts";

/** A kernel of the backend. */
export type Own<Inputs, Attrs = object> = Kernel<Inputs, Attrs, WebGPUBackend>;
/** The inputs of a kernel that takes one tensor. */
export type OfX = Pick<tf.NamedTensorInfoMap, "x">;

/** Registers a kernel in the place of the backend's own, which it is made from. */
export function replace<Inputs, Attrs>(
  name: string,
  mend: (stock: Own<Inputs, Attrs>) => Own<Inputs, Attrs>,
): void {
  replaceKernel(name, "webgpu", mend);
}

/** Runs another kernel of the backend. */
export function run(
  backend: WebGPUBackend,
  name: string,
  { inputs, attrs = {} }: {
    readonly inputs: Record<string, tf.TensorInfo> | readonly tf.TensorInfo[];
    readonly attrs?: object;
  },
): tf.TensorInfo {
  const kernel = registeredKernel<object, object, WebGPUBackend>(
    name,
    "webgpu",
  );
  return kernel({ inputs, attrs, backend });
}
