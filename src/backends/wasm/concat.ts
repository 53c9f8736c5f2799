import {
  backend_util,
  type ConcatAttrs,
  type PackAttrs,
  type SplitVAttrs,
  type SplitVInputs,
  type UnpackAttrs,
  type UnpackInputs,
  util,
} from "@tensorflow/tfjs";
import { addressOf, Compute } from "./compute/compute.ts";
import { moveBlock } from "./compute/move.ts";
import {
  type BackendWasm,
  callKernel,
  callKernels,
  has32Bits,
  type KernelCall,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";

/** A tensor cut before one dimension: `count` parts of `size` values. */
interface Parts {
  readonly tensor: TensorInfo;
  readonly size: number;
}

/** Moves a piece of each part of one tensor to a place in those of another. */
function moveParts(
  backend: BackendWasm,
  count: number,
  { from, to }: {
    readonly from: Parts & { readonly at?: number };
    readonly to: Parts & { readonly at?: number };
  },
): void {
  moveBlock(Compute.of(backend), {
    from: addressOf(backend, from.tensor) + 4 * (from.at ?? 0),
    to: addressOf(backend, to.tensor) + 4 * (to.at ?? 0),
    shape: [count, Math.min(from.size, to.size)],
    fromSteps: [4 * from.size, 4],
    toSteps: [4 * to.size, 4],
  });
}

function list(inputs: object): TensorInfo[] {
  return Object.values(inputs);
}

/** Joins tensors one after the other along a dimension of the result. */
function join(
  backend: BackendWasm,
  tensors: readonly TensorInfo[],
  { axis, shape }: { readonly axis: number; readonly shape: number[] },
): TensorInfo {
  const out = backend.makeOutput(shape, tensors[0].dtype);
  const count = util.sizeFromShape(shape.slice(0, axis));
  const size = util.sizeFromShape(shape.slice(axis));
  let at = 0;
  for (const tensor of tensors) {
    if (count === 0) break;
    const part = util.sizeFromShape(tensor.shape) / count;
    moveParts(backend, count, {
      from: { tensor, size: part },
      to: {
        tensor: out,
        size,
        at,
      },
    });
    at += part;
  }
  return out;
}

/** Tensors one after the other along a dimension. */
export const concatKernel = wasmKernel(
  "Concat",
  ({ inputs, attrs, backend }: KernelCall<TensorInfo[], ConcatAttrs>) => {
    const tensors = list(inputs);
    if (!tensors.every(has32Bits)) {
      return callKernel(backend, "Concat", { inputs: tensors, attrs });
    }
    const [axis] = util.parseAxisParam(attrs.axis, tensors[0].shape);
    const shapes = tensors.map(({ shape }) => shape);
    backend_util.assertParamsConsistent(shapes, axis);
    const shape = backend_util.computeOutShape(shapes, axis);
    return join(backend, tensors, { axis, shape });
  },
);

/** Tensors of one shape along a new dimension. */
export const packKernel = wasmKernel(
  "Pack",
  ({ inputs, attrs, backend }: KernelCall<TensorInfo[], PackAttrs>) => {
    const tensors = list(inputs);
    const [{ shape, dtype }] = tensors;
    if (!tensors.every(has32Bits)) {
      return callKernel(backend, "Pack", { inputs: tensors, attrs });
    }
    for (const tensor of tensors) {
      util.assertShapesMatch(
        shape,
        tensor.shape,
        "All tensors passed to stack must have matching shapes",
      );
      util.assert(
        dtype === tensor.dtype,
        () => "All tensors passed to stack must have matching dtypes",
      );
    }
    const axis = attrs.axis < 0 ? attrs.axis + shape.length + 1 : attrs.axis;
    return join(
      backend,
      tensors,
      { axis, shape: shape.toSpliced(axis, 0, tensors.length) },
    );
  },
);

/** Cuts a tensor along a dimension into new ones of the given lengths. */
function cut(
  backend: BackendWasm,
  x: TensorInfo,
  { axis, lengths }: {
    readonly axis: number;
    readonly lengths: readonly number[];
  },
): TensorInfo[] {
  const count = util.sizeFromShape(x.shape.slice(0, axis));
  const size = util.sizeFromShape(x.shape.slice(axis));
  const rest = util.sizeFromShape(x.shape.slice(axis + 1));
  let at = 0;
  return lengths.map((length) => {
    const shape = x.shape.with(axis, length);
    const tensor = backend.makeOutput(shape, x.dtype);
    const part = length * rest;
    moveParts(backend, count, {
      from: { tensor: x, size, at },
      to: { tensor, size: part },
    });
    at += part;
    return tensor;
  });
}

/** A tensor's pieces along a dimension. */
export const splitVKernel = wasmKernel(
  "SplitV",
  ({ inputs: { x }, attrs, backend }: KernelCall<
    SplitVInputs,
    SplitVAttrs
  >) => {
    if (!has32Bits(x)) {
      return callKernels(backend, "SplitV", { inputs: { x }, attrs });
    }
    const [axis] = util.parseAxisParam(attrs.axis, x.shape);
    const lengths = backend_util.prepareSplitSize(
      x,
      attrs.numOrSizeSplits,
      axis,
    );
    return cut(backend, x, { axis, lengths });
  },
);

/** A tensor's slices of length 1 along a dimension, without it. */
export const unpackKernel = wasmKernel(
  "Unpack",
  ({ inputs: { value }, attrs, backend }: KernelCall<
    UnpackInputs,
    UnpackAttrs
  >) => {
    if (!has32Bits(value)) {
      return callKernels(backend, "Unpack", { inputs: { value }, attrs });
    }
    const [axis] = util.parseAxisParam(attrs.axis, value.shape);
    const lengths = Array<number>(value.shape[axis]).fill(1);
    return cut(backend, value, { axis, lengths }).map((tensor) => ({
      ...tensor,
      shape: value.shape.toSpliced(axis, 1),
    }));
  },
);
