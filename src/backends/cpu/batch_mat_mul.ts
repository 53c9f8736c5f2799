import {
  type BatchMatMulAttrs,
  type BatchMatMulInputs,
  broadcast_util,
  type TensorInfo,
  util,
} from "@tensorflow/tfjs";
import { broadcastOffsets } from "../kernels/broadcast_offsets.ts";
import { type BackendCpu, replaceKernel, valuesOf } from "./_cpu_kernel.ts";

/** Repeats matrices so that there are as many as of the other operand. */
function repeated(
  backend: BackendCpu,
  x: TensorInfo,
  batch: number[],
): TensorInfo {
  const own = x.shape.slice(0, -2);
  if (util.arraysEqual(own, batch)) return x;
  const [rows, columns] = x.shape.slice(-2);
  const size = rows * columns;
  const { values } = valuesOf(backend, x);
  const from = broadcastOffsets(own, batch);
  const made = new Float32Array(util.sizeFromShape(batch) * size);
  for (let at = 0; at * size < made.length; at++) {
    const start = from(at) * size;
    made.set(values.subarray(start, start + size), at * size);
  }
  return backend.makeTensorInfo([...batch, rows, columns], x.dtype, made);
}

/**
 * Products of matrices, of which either operand may have fewer along any axis:
 * tfjs's own makes too few where both have.
 */
export function replaceBatchMatMul(): void {
  replaceKernel<BatchMatMulInputs, BatchMatMulAttrs>(
    "BatchMatMul",
    (stock) => (call) => {
      const { inputs: { a, b }, backend } = call;
      const batch = broadcast_util.assertAndGetBroadcastShape(
        a.shape.slice(0, -2),
        b.shape.slice(0, -2),
      );
      const inputs = {
        a: repeated(backend, a, batch),
        b: repeated(backend, b, batch),
      };
      const product = stock({ ...call, inputs });
      if (inputs.a !== a) backend.disposeIntermediateTensorInfo(inputs.a);
      if (inputs.b !== b) backend.disposeIntermediateTensorInfo(inputs.b);
      return product;
    },
  );
}
