import {
  type _FusedMatMulAttrs,
  type _FusedMatMulInputs,
  type BatchMatMulAttrs,
  type BatchMatMulInputs,
  broadcast_util,
  util,
} from "@tensorflow/tfjs";
import {
  activate,
  clampOf,
  finishSeparately,
  fitsColumns,
} from "./_activation.ts";
import { addressOf, Compute } from "./compute/compute.ts";
import { multiplyTransposed } from "./compute/multiply_transposed.ts";
import { type Finish, plain } from "./compute/finish.ts";
import { isSmallBatch, multiplyBatch } from "./compute/multiply_batch.ts";
import {
  isLongSum,
  multiplyInParts,
  multiplyMatrix,
} from "./compute/multiply.ts";
import { multiplyWhole } from "./_whole_products.ts";
import {
  type BackendWasm,
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

/** For each matrix of the result, the index of the operand's matrix. */
function matrixIndices(batch: number[], operand: number[]): number[] {
  const steps = util.computeStrides([...operand, 1]);
  const missing = batch.length - operand.length;
  return Array.from({ length: util.sizeFromShape(batch) }, (_, index) => {
    let at = 0;
    for (let axis = batch.length - 1; axis >= missing; axis--) {
      const place = index % batch[axis];
      index = Math.floor(index / batch[axis]);
      if (operand[axis - missing] > 1) at += place * steps[axis - missing];
    }
    return at;
  });
}

function matMul(
  backend: BackendWasm,
  { a, b }: { readonly a: TensorInfo; readonly b: TensorInfo },
  how: BatchMatMulAttrs & { readonly finish: Finish },
): TensorInfo {
  const { transposeA, transposeB, finish } = how;
  const { dtype } = a;
  if ((dtype !== "float32" && dtype !== "int32") || b.dtype !== dtype) {
    throw new TypeError(
      `Cannot multiply matrices on the WASM backend as both must be float32 or int32: current values are ${a.dtype} and ${b.dtype}`,
    );
  }
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw new RangeError(
      `Cannot multiply matrices as both must have at least 2 dimensions: current shapes are [${a.shape}] and [${b.shape}]`,
    );
  }
  if (transposeA && transposeB) {
    const turned = transposeMatrices(backend, b);
    const product = matMul(backend, { a, b: turned }, {
      ...how,
      transposeB: false,
    });
    release(backend, turned);
    return product;
  }
  const [aRows, aColumns] = a.shape.slice(-2);
  const [bRows, bColumns] = b.shape.slice(-2);
  const rows = transposeA ? aColumns : aRows;
  const inner = transposeA ? aRows : aColumns;
  const columns = transposeB ? bRows : bColumns;
  if (inner !== (transposeB ? bColumns : bRows)) {
    throw new RangeError(
      `Cannot multiply matrices as their inner sizes must be equal: current shapes are [${a.shape}]${
        transposeA ? " transposed" : ""
      } and [${b.shape}]${transposeB ? " transposed" : ""}`,
    );
  }
  const batchA = a.shape.slice(0, -2);
  const batchB = b.shape.slice(0, -2);
  const batch = broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  const out = backend.makeOutput([...batch, rows, columns], dtype);
  if (util.sizeFromShape(out.shape) === 0) return out;
  const compute = Compute.of(backend);
  const to = addressOf(backend, out);
  if (inner === 0) {
    backend.typedArrayFromHeap(out).fill(0);
    return out;
  }
  const count = util.sizeFromShape(batch);
  if (!transposeA && count > 1 && util.sizeFromShape(batchB) === 1) {
    // The same right side for all: the left ones are one long matrix.
    const long = { ...a, shape: [count * rows, inner] };
    if (util.arraysEqual(batchA, batch)) {
      backend.disposeData(out.dataId);
      const single = { ...b, shape: b.shape.slice(-2) };
      const product = matMul(backend, { a: long, b: single }, how);
      return { ...product, shape: [...batch, rows, columns] };
    }
  }
  const aIndices = matrixIndices(batch, batchA);
  const bIndices = matrixIndices(batch, batchB);
  if (dtype === "int32") {
    const [from, by, sums] = [a, b, out].map((tensor) =>
      backend.typedArrayFromHeap(tensor) as Int32Array
    );
    aIndices.forEach((aIndex, index) =>
      multiplyWhole({
        a: from.subarray(aIndex * rows * inner),
        b: by.subarray(bIndices[index] * inner * columns),
        out: sums.subarray(index * rows * columns),
      }, {
        rows,
        inner,
        columns,
        aRowStep: transposeA ? 1 : inner,
        aInnerStep: transposeA ? rows : 1,
        bInnerStep: transposeB ? 1 : columns,
        bColumnStep: transposeB ? inner : 1,
      })
    );
    return out;
  }
  const products = aIndices.map((aIndex, index) => ({
    a: addressOf(backend, a) + 4 * aIndex * rows * inner,
    b: addressOf(backend, b) + 4 * bIndices[index] * inner * columns,
    out: to + 4 * index * rows * columns,
  }));
  if (finish === plain && isSmallBatch({ count, rows, inner, columns })) {
    multiplyBatch(compute, products, {
      rows,
      inner,
      columns,
      aRowStep: transposeA ? 4 : 4 * inner,
      aColumnStep: transposeA ? 4 * rows : 4,
      bRowStep: transposeB ? 4 : 4 * columns,
      bColumnStep: transposeB ? 4 * inner : 4,
    });
    return out;
  }
  for (const { a, b, out } of products) {
    if (transposeA) {
      multiplyTransposed(compute, {
        a,
        rows: inner,
        run: rows,
        d: b,
        columns,
        out,
      });
      continue;
    }
    const weights = {
      address: b,
      tapRows: 1,
      tapRowStep: 0,
      taps: 1,
      tapStep: 0,
      run: inner,
      rowStep: transposeB ? 4 : 4 * columns,
      columns,
      columnStep: transposeB ? 4 * inner : 4,
    };
    if (finish === plain && isLongSum(inner)) {
      multiplyInParts(compute, { a, rows, weights, out });
    } else multiplyMatrix(compute, { a, rows, weights, out, finish });
  }
  return out;
}

/**
 * Matrix products. With a transposed operand, as in the gradients of every
 * dense layer, the backend's own kernel falls into a naive loop.
 */
export const batchMatMulKernel = wasmKernel<
  BatchMatMulInputs,
  BatchMatMulAttrs
>(
  "BatchMatMul",
  ({ inputs, attrs, backend }) =>
    matMul(backend, inputs, { ...attrs, finish: plain }),
);

/** Matrix products with their bias and activation. */
export const fusedMatMulKernel = wasmKernel(
  "_FusedMatMul",
  ({ inputs, attrs, backend }: KernelCall<
    _FusedMatMulInputs,
    _FusedMatMulAttrs
  >) => {
    const { a, b, preluActivationWeights } = inputs;
    const activation = {
      ...attrs,
      preluActivationWeights,
    };
    const columns = b.shape.at(attrs.transposeB ? -2 : -1)!;
    const bias = inputs.bias;
    const isLong = isLongSum(a.shape.at(attrs.transposeA ? -2 : -1)!);
    if (!attrs.transposeA && !isLong && fitsColumns(bias, columns)) {
      const finish = {
        ...clampOf(activation.activation),
        bias: bias ? addressOf(backend, bias) : undefined,
      };
      const y = matMul(backend, inputs, { ...attrs, finish });
      return activate(backend, y, activation);
    }
    const product = matMul(backend, inputs, { ...attrs, finish: plain });
    return finishSeparately(backend, product, { bias, ...activation });
  },
);
