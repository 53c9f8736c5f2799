import {
  backend_util,
  type EinsumAttrs,
  type Tensor,
  type TensorInfo,
} from "@tensorflow/tfjs";
import { batchMatMulKernel } from "./batch_mat_mul.ts";
import {
  type BackendWasm,
  callKernel,
  type KernelCall,
  release,
  runKernel,
  transpose,
  wasmKernel,
} from "./_wasm_kernel.ts";

/** A tensor whose dimensions are named by the equation's letters. */
interface Term {
  readonly tensor: TensorInfo;
  readonly dims: readonly number[];
  /** Whether the tensor was made here, and must be freed here. */
  readonly own: boolean;
}

function free(backend: BackendWasm, term: Term): void {
  if (term.own) release(backend, term.tensor);
}

/** Orders a term's dimensions. */
function arrange(
  backend: BackendWasm,
  term: Term,
  dims: readonly number[],
): Term {
  if (dims.every((dim, i) => term.dims[i] === dim)) return term;
  const perm = dims.map((dim) => term.dims.indexOf(dim));
  const tensor = transpose(backend, term.tensor, perm);
  free(backend, term);
  return { tensor, dims, own: true };
}

/** Sums over the dimensions that neither the result nor another term has. */
function reduce(
  backend: BackendWasm,
  term: Term,
  needed: (dim: number) => boolean,
): Term {
  const axis = term.dims.flatMap((dim, i) => needed(dim) ? [] : [i]);
  if (axis.length === 0) return term;
  const attrs = { axis, keepDims: false };
  const tensor = callKernel(backend, "Sum", {
    inputs: { x: term.tensor },
    attrs,
  });
  free(backend, term);
  return { tensor, dims: term.dims.filter(needed), own: true };
}

/** Multiplies two terms as matrices and keeps the dimensions that are needed. */
function contract(
  backend: BackendWasm,
  [a, b]: readonly [Term, Term],
  { sizes, needed }: {
    readonly sizes: ReadonlyMap<number, number>;
    needed(dim: number): boolean;
  },
): Term {
  const left = reduce(backend, a, (dim) => needed(dim) || b.dims.includes(dim));
  const right = reduce(
    backend,
    b,
    (dim) => needed(dim) || a.dims.includes(dim),
  );
  const common = left.dims.filter((dim) => right.dims.includes(dim));
  const batch = common.filter(needed);
  const summed = common.filter((dim) => !needed(dim));
  const rows = left.dims.filter((dim) => !common.includes(dim));
  const columns = right.dims.filter((dim) => !common.includes(dim));
  const size = (dims: readonly number[]) =>
    dims.reduce((product, dim) => product * sizes.get(dim)!, 1);
  const first = arrange(backend, left, [...batch, ...rows, ...summed]);
  const second = arrange(backend, right, [...batch, ...summed, ...columns]);
  const product = runKernel(backend, batchMatMulKernel, {
    inputs: {
      a: { ...first.tensor, shape: [size(batch), size(rows), size(summed)] },
      b: {
        ...second.tensor,
        shape: [size(batch), size(summed), size(columns)],
      },
    },
    attrs: { transposeA: false, transposeB: false },
  });
  free(backend, first);
  free(backend, second);
  const dims = [...batch, ...rows, ...columns];
  const shape = dims.map((dim) => sizes.get(dim)!);
  return { tensor: { ...product, shape }, dims, own: true };
}

/**
 * Einstein summation of one or two terms, which tfjs's WASM backend lacks: two
 * are multiplied as (batched) matrices.
 */
export const einsumKernel = wasmKernel(
  "Einsum",
  ({ inputs, attrs, backend }: KernelCall<
    Record<number, TensorInfo>,
    EinsumAttrs
  >) => {
    const tensors = Object.values(inputs);
    const { allDims, summedDims, idDims } = backend_util.decodeEinsumEquation(
      attrs.equation,
      tensors.length,
    );
    backend_util.checkEinsumDimSizes(
      allDims.length,
      idDims,
      tensors as Tensor[],
    );
    const sizes = new Map<number, number>();
    const terms = tensors.map((tensor, i): Term => {
      idDims[i].forEach((dim, axis) => sizes.set(dim, tensor.shape[axis]));
      return { tensor, dims: idDims[i], own: false };
    });
    const result = Array.from({ length: allDims.length }, (_, dim) => dim)
      .filter((dim) => !summedDims.includes(dim));
    const needed = (dim: number) => result.includes(dim);
    const [first, second] = terms;
    const summed = second
      ? contract(backend, [first, second], { sizes, needed })
      : reduce(backend, first, needed);
    const { tensor, own } = arrange(backend, summed, result);
    if (own) return tensor;
    return callKernel(backend, "Identity", { inputs: { x: tensor } });
  },
);
