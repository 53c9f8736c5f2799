import {
  backend_util,
  type SumInputs,
  type TensorInfo,
  util,
} from "@tensorflow/tfjs";
import { axisOf, type ReductionAttrs } from "../kernels/reduction_attrs.ts";
import { replaceKernel } from "./_cpu_kernel.ts";

/** What tfjs's own, which begin with the first value, do not give of none. */
const OF_NONE: Readonly<Record<string, number>> = {
  All: 1,
  Max: -Infinity,
  Min: Infinity,
  Mean: NaN,
};

/** The results in an array of the result's type: Int32Array has no infinities. */
function filled(
  size: number,
  { value, dtype }: { value: number; dtype: TensorInfo["dtype"] },
): Float32Array {
  const least = -(2 ** 31);
  const whole = Math.min(Math.max(value, least), -least - 1);
  return util.getTypedArrayFromDType(dtype as "float32", size)
    .fill(dtype === "int32" ? whole : value);
}

/** Lets reductions give of no values what they give of more, without any. */
export function replaceEmptyReductions(): void {
  Object.entries(OF_NONE).forEach(([name, value]) =>
    replaceKernel<SumInputs, ReductionAttrs>(name, (stock) => (call) => {
      const { inputs: { x }, attrs, backend } = call;
      if (util.sizeFromShape(x.shape) > 0) return stock(call);
      const axes = util.parseAxisParam(axisOf(attrs), x.shape);
      const [kept] = backend_util.computeOutAndReduceShapes(x.shape, axes);
      const shape = attrs.keepDims
        ? backend_util.expandShapeToKeepDim(kept, axes)
        : kept;
      const dtype = name === "Mean" ? "float32" : x.dtype;
      const size = util.sizeFromShape(shape);
      return backend.makeTensorInfo(
        shape,
        dtype,
        filled(size, { value, dtype }),
      );
    })
  );
}
