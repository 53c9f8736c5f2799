/** The largest values along the last axis, where tfjs's kernel (in version 4.22) errs. */

import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { type Kernel, replaceKernel } from "../_kernels.ts";
import { findTopK } from "../kernels/top_k.ts";
import { run } from "./_mend_kernel.ts";

type TopK = Kernel<
  tf.TopKInputs,
  tf.TopKAttrs,
  WebGPUBackend,
  tf.TensorInfo[]
>;

/**
 * NaN comes before any number: among what the processor still has here, and on the
 * GPU by `_top_k_shaders.ts`. Of one value tfjs's own gives the input itself, and of
 * none it changes the input's shape.
 */
function nanFirst(stock: TopK): TopK {
  return (call) => {
    const { inputs: { x }, attrs: { k }, backend } = call;
    const length = x.shape[x.shape.length - 1];
    const shape = [...x.shape.slice(0, -1), k];
    const count = tf.util.sizeFromShape(shape);
    const places = new Int32Array(count);
    if (length === 1 && k === 1) {
      const values = run(backend, "Identity", { inputs: { x } });
      return [values, backend.makeTensorInfo(shape, "int32", places)];
    }
    if (count > 0 && !backend.shouldExecuteOnCPU([x])) return stock(call);
    const largest = x.dtype === "float32"
      ? new Float32Array(count)
      : new Int32Array(count);
    if (count > 0) {
      const values = backend.readSync(x.dataId) as Float32Array;
      findTopK(values, { length, k, largest, places });
    }
    return [
      backend.makeTensorInfo(shape, x.dtype, largest),
      backend.makeTensorInfo(shape, "int32", places),
    ];
  };
}

/** Registers it. */
export function mendTopKKernel(): void {
  replaceKernel("TopK", "webgpu", nanFirst);
}
