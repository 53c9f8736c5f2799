import {
  type KernelConfig,
  type ReverseAttrs,
  type ReverseInputs,
  slice_util,
  type SliceAttrs,
  type SliceInputs,
  type StridedSliceAttrs,
  type StridedSliceInputs,
  util,
} from "@tensorflow/tfjs";
import { sliceInfo } from "../kernels/dense_slices.ts";
import { moveBools } from "./_bools.ts";
import { addressOf, Compute } from "./compute/compute.ts";
import { moveBlock, stepsOf } from "./compute/move.ts";
import {
  type BackendWasm,
  callKernel,
  has32Bits,
  type KernelCall,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";

/**
 * Every `strides`-th value from `begin` on, into a new tensor. Negative
 * strides go backwards.
 */
function take(
  backend: BackendWasm,
  x: TensorInfo,
  { begin, shape, strides = shape.map(() => 1) }: {
    readonly begin: readonly number[];
    readonly shape: number[];
    readonly strides?: readonly number[];
  },
): TensorInfo {
  const out = backend.makeOutput(shape, x.dtype);
  const steps = stepsOf(x.shape);
  const first = begin.reduce((sum, at, i) => sum + at * steps[i], 0);
  moveBlock(Compute.of(backend), {
    from: addressOf(backend, x) + first,
    to: addressOf(backend, out),
    shape,
    fromSteps: steps.map((step, i) => step * strides[i]),
    toSteps: stepsOf(shape),
  });
  return out;
}

/** A block of a tensor. The backend's own kernel copies all of it first. */
export const sliceKernel = wasmKernel(
  "Slice",
  ({ inputs: { x }, attrs, backend }: KernelCall<SliceInputs, SliceAttrs>) => {
    if (!has32Bits(x)) {
      return callKernel(backend, "Slice", { inputs: { x }, attrs });
    }
    const [begin, size] = slice_util.parseSliceParams(
      x,
      attrs.begin,
      attrs.size,
    );
    slice_util.assertParamsValid(x, begin, size);
    return take(backend, x, { begin, shape: size });
  },
);

/** Every few values of a block, forwards or backwards. */
export const stridedSliceKernel: KernelConfig = wasmKernel(
  "StridedSlice",
  ({ inputs: { x }, attrs, backend }: KernelCall<
    StridedSliceInputs,
    StridedSliceAttrs
  >) => {
    if (x.dtype === "bool") {
      return moveBools(backend, stridedSliceKernel, {
        inputs: { x },
        attrs,
        names: ["x"],
      });
    }
    const { begin, end, strides, finalShape } = sliceInfo(x.shape, attrs);
    // An end that lies before the begin gives nothing, not less.
    const shape = slice_util.computeOutShape(begin, end, strides).map((size) =>
      Math.max(0, size)
    );
    const out = take(backend, x, { begin, shape, strides });
    return { ...out, shape: finalShape };
  },
);

/** The values backwards along some dimensions. */
export const reverseKernel: KernelConfig = wasmKernel(
  "Reverse",
  ({ inputs: { x }, attrs, backend }: KernelCall<
    ReverseInputs,
    ReverseAttrs
  >) => {
    if (x.dtype === "bool") {
      return moveBools(backend, reverseKernel, {
        inputs: { x },
        attrs,
        names: ["x"],
      });
    }
    const axes = util.parseAxisParam(attrs.dims, x.shape);
    const turned = (axis: number) => axes.includes(axis) && x.shape[axis] > 0;
    return take(backend, x, {
      begin: x.shape.map((length, axis) => turned(axis) ? length - 1 : 0),
      shape: x.shape,
      strides: x.shape.map((_, axis) => turned(axis) ? -1 : 1),
    });
  },
);
