import type {
  KernelConfig,
  LogSoftmaxAttrs,
  LogSoftmaxInputs,
  SoftmaxAttrs,
  SoftmaxInputs,
} from "@tensorflow/tfjs";
import { util } from "@tensorflow/tfjs";
import { addressOf, Compute } from "./compute/compute.ts";
import {
  type BackendWasm,
  callKernel,
  type KernelCall,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";

/** Values that a thread takes before it claims the next rows. */
const CHUNK = 4096;

/** Over the last dimension, row by row on all threads. */
function overRows(
  backend: BackendWasm,
  kernel: "softmax" | "logSoftmax",
  x: TensorInfo,
): TensorInfo {
  const { shape } = x;
  const columns = shape[shape.length - 1];
  const rows = util.sizeFromShape(shape) / columns;
  const chunkRows = Math.max(1, Math.floor(CHUNK / columns));
  const out = backend.makeOutput(shape, "float32");
  Compute.of(backend).run(
    kernel,
    {
      from: addressOf(backend, x),
      to: addressOf(backend, out),
      rows,
      columns,
      chunkRows,
    },
    {
      chunks: Math.ceil(rows / chunkRows),
      multiplications: 12 * rows * columns,
    },
  );
  return out;
}

/** Whether its values are floats that lie along `axis`, the last. */
function hasRows({ dtype, shape }: TensorInfo, axis: number): boolean {
  return dtype === "float32" && util.sizeFromShape(shape) > 0 &&
    [-1, shape.length - 1].includes(axis);
}

/** Softmax over the last dimension. */
const softmaxKernel = wasmKernel(
  "Softmax",
  ({ inputs: { logits }, attrs, backend }: KernelCall<
    SoftmaxInputs,
    SoftmaxAttrs
  >) =>
    hasRows(logits, attrs.dim)
      ? overRows(backend, "softmax", logits)
      : callKernel(backend, "Softmax", { inputs: { logits }, attrs }),
);

/** Its logarithm, which is exact where the softmax itself is next to 0. */
const logSoftmaxKernel = wasmKernel(
  "LogSoftmax",
  ({ inputs: { logits }, attrs, backend }: KernelCall<
    LogSoftmaxInputs,
    LogSoftmaxAttrs
  >) =>
    hasRows(logits, attrs.axis)
      ? overRows(backend, "logSoftmax", logits)
      : callKernel(backend, "LogSoftmax", { inputs: { logits }, attrs }),
);

export const softmaxKernels: readonly KernelConfig[] = [
  softmaxKernel,
  logSoftmaxKernel,
];
