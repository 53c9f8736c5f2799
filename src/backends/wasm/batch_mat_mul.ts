import type {
  _FusedMatMulAttrs,
  _FusedMatMulInputs,
  BatchMatMulAttrs,
  BatchMatMulInputs,
} from "@tensorflow/tfjs";
import {
  type BackendWasm,
  callKernel,
  type KernelCall,
  release,
  type TensorInfo,
  transpose,
  wasmKernel,
} from "./_wasm_kernel.ts";

/** Swaps the last two dimensions. */
function transposeMatrices(backend: BackendWasm, x: TensorInfo): TensorInfo {
  const rank = x.shape.length;
  const perm = Array.from({ length: rank }, (_, i) => i);
  perm[rank - 2] = rank - 1;
  perm[rank - 1] = rank - 2;
  return transpose(backend, x, perm);
}

/**
 * Runs the backend's own matrix product on operands that lie as it is fast
 * with. With a transposed operand, as in every gradient of a dense layer, it
 * falls into a naive loop that takes far longer than transposing first.
 */
function multiply(
  kernelName: string,
  { inputs, attrs, backend }: KernelCall<
    BatchMatMulInputs | _FusedMatMulInputs,
    BatchMatMulAttrs | _FusedMatMulAttrs
  >,
): TensorInfo {
  const a = attrs.transposeA ? transposeMatrices(backend, inputs.a) : inputs.a;
  const b = attrs.transposeB ? transposeMatrices(backend, inputs.b) : inputs.b;
  const product = callKernel(backend, kernelName, { ...inputs, a, b }, {
    ...attrs,
    transposeA: false,
    transposeB: false,
  });
  if (a !== inputs.a) release(backend, a);
  if (b !== inputs.b) release(backend, b);
  return product;
}

export const batchMatMulKernel = wasmKernel<
  BatchMatMulInputs,
  BatchMatMulAttrs
>("BatchMatMul", (call) => multiply("BatchMatMul", call));

export const fusedMatMulKernel = wasmKernel<
  _FusedMatMulInputs,
  _FusedMatMulAttrs
>("_FusedMatMul", (call) => multiply("_FusedMatMul", call));
