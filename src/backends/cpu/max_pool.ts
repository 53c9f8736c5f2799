import {
  backend_util,
  type MaxPoolAttrs,
  type MaxPoolGradAttrs,
  type MaxPoolGradInputs,
  type MaxPoolInputs,
  type MaxPoolWithArgmaxAttrs,
  type MaxPoolWithArgmaxInputs,
  type TensorInfo,
  util,
} from "@tensorflow/tfjs";
import type { KernelCall } from "../_kernels.ts";
import { shape4D } from "../_shapes.ts";
import { eachLargest, findLargest } from "../windows/largest_of_windows.ts";
import { type BackendCpu, replaceKernel, valuesOf } from "./_cpu_kernel.ts";

type Windows = Pick<
  MaxPoolAttrs,
  "filterSize" | "strides" | "pad" | "dimRoundingMode"
>;

function infoOf(x: TensorInfo, attrs: Windows): backend_util.Conv2DInfo {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  return backend_util.computePool2DInfo(
    shape4D(x),
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
}

/** Numbers of a type for the outputs of a pooling. */
function arrayFor(info: backend_util.Conv2DInfo, dtype: TensorInfo["dtype"]) {
  const size = util.sizeFromShape(info.outShape.map((n) => Math.max(0, n)));
  return dtype === "int32" ? new Int32Array(size) : new Float32Array(size);
}

function maxPool(
  backend: BackendCpu,
  x: TensorInfo,
  attrs: Windows,
): TensorInfo {
  const info = infoOf(x, attrs);
  const { values } = valuesOf(backend, x);
  const out = arrayFor(info, x.dtype);
  eachLargest(values, info, (output, place) => {
    out[output] = place < 0 ? NaN : values[place];
  });
  return backend.makeTensorInfo(info.outShape, x.dtype, out);
}

function maxPoolGrad(
  backend: BackendCpu,
  { dy, input: x }: KernelCall<
    MaxPoolGradInputs,
    Windows,
    BackendCpu
  >["inputs"],
  attrs: Windows,
): TensorInfo {
  const slopes = valuesOf(backend, dy).values;
  const { values } = valuesOf(backend, x);
  const dx = new Float32Array(values.length);
  eachLargest(values, infoOf(x, attrs), (output, place) => {
    if (place >= 0) dx[place] += slopes[output];
  });
  return backend.makeTensorInfo(x.shape, "float32", dx);
}

/**
 * The largest value of each window, its gradient and where it lies. tfjs's own
 * pass over NaN, make −∞ of NaN alone and of nothing, of which the next ReLU makes
 * 0; give −∞ no gradient; and of windows of one pixel the input itself, wherever
 * they lie.
 */
export function replaceMaxPool(): void {
  replaceKernel<MaxPoolInputs, MaxPoolAttrs>(
    "MaxPool",
    () => ({ inputs, attrs, backend }) => maxPool(backend, inputs.x, attrs),
  );
  replaceKernel<MaxPoolGradInputs, MaxPoolGradAttrs>(
    "MaxPoolGrad",
    () => ({ inputs, attrs, backend }) => maxPoolGrad(backend, inputs, attrs),
  );
  replaceKernel<
    MaxPoolWithArgmaxInputs,
    MaxPoolWithArgmaxAttrs,
    TensorInfo[]
  >(
    "MaxPoolWithArgmax",
    () => ({ inputs: { x }, attrs, backend }) => {
      const info = infoOf(x, attrs);
      const result = arrayFor(info, x.dtype);
      const indices = arrayFor(info, "int32");
      const { values } = valuesOf(backend, x);
      const includeBatch = attrs.includeBatchInIndex;
      findLargest(values, { info, includeBatch, result, indices });
      return [
        backend.makeTensorInfo(info.outShape, x.dtype, result),
        backend.makeTensorInfo(info.outShape, "int32", indices),
      ];
    },
  );
}
