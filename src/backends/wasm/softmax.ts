import { type SoftmaxAttrs, type SoftmaxInputs, util } from "@tensorflow/tfjs";
import { addressOf, Compute } from "./compute/compute.ts";
import { callKernel, type KernelCall, wasmKernel } from "./_wasm_kernel.ts";

/** Values that a thread takes before it claims the next rows. */
const CHUNK = 4096;

/** Softmax over the last dimension, row by row on all threads. */
export const softmaxKernel = wasmKernel(
  "Softmax",
  ({ inputs: { logits }, attrs, backend }: KernelCall<
    SoftmaxInputs,
    SoftmaxAttrs
  >) => {
    const { shape } = logits;
    const size = util.sizeFromShape(shape);
    const columns = shape[shape.length - 1];
    const last = [-1, shape.length - 1].includes(attrs.dim);
    if (logits.dtype !== "float32" || !last || size === 0) {
      return callKernel(backend, "Softmax", { inputs: { logits }, attrs });
    }
    const out = backend.makeOutput(shape, "float32");
    const rows = size / columns;
    const chunkRows = Math.max(1, Math.floor(CHUNK / columns));
    Compute.of(backend).run(
      "softmax",
      {
        from: addressOf(backend, logits),
        to: addressOf(backend, out),
        rows,
        columns,
        chunkRows,
      },
      { chunks: Math.ceil(rows / chunkRows), multiplications: 12 * size },
    );
    return out;
  },
);
