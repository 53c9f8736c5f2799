import {
  type AvgPoolAttrs,
  type AvgPoolGradAttrs,
  type AvgPoolGradInputs,
  type AvgPoolInputs,
  backend_util,
  type MaxPoolAttrs,
  type MaxPoolGradAttrs,
  type MaxPoolGradInputs,
  type MaxPoolInputs,
} from "@tensorflow/tfjs";
import { addressesOf, Compute, floatBits } from "./compute/compute.ts";
import { shape4D } from "../_shapes.ts";
import { eachLargest } from "../windows/largest_of_windows.ts";
import {
  type BackendWasm,
  callKernel,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";

type PoolAttrs = Pick<
  MaxPoolAttrs,
  "filterSize" | "strides" | "pad" | "dimRoundingMode"
>;

/** How the windows lie on their input. */
function infoOf(x: TensorInfo, attrs: PoolAttrs): backend_util.Conv2DInfo {
  return backend_util.computePool2DInfo(
    shape4D(x),
    attrs.filterSize,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
}

function pool(
  backend: BackendWasm,
  kernel: "maxPool" | "avgPool",
  { x, attrs }: { readonly x: TensorInfo; readonly attrs: PoolAttrs },
): TensorInfo {
  const info = infoOf(x, attrs);
  if (info.outShape.some((length) => length <= 0)) {
    return backend.makeOutput(
      info.outShape.map((n) => Math.max(0, n)),
      "float32",
    );
  }
  const out = backend.makeOutput(info.outShape, "float32");
  Compute.of(backend).run(
    kernel,
    {
      ...addressesOf(backend, { x, out }),
      ...geometry(info),
    },
    { chunks: info.batchSize, multiplications: reads(info) },
  );
  return out;
}

/** Max pooling of whole numbers, by plain loops. */
function maxPoolWhole(
  backend: BackendWasm,
  x: TensorInfo,
  attrs: PoolAttrs,
): TensorInfo {
  const info = infoOf(x, attrs);
  const out = backend.makeOutput(
    info.outShape.map((n) => Math.max(0, n)),
    "int32",
  );
  const values = backend.typedArrayFromHeap(x);
  const largest = backend.typedArrayFromHeap(out);
  eachLargest(values, info, (output, place) => {
    largest[output] = place < 0 ? NaN : values[place];
  });
  return out;
}

/**
 * Max pooling. The backend's own passes over NaN, makes −∞ of windows of NaN alone, of which the
 * next ReLU makes 0, and refuses whole numbers.
 */
export const maxPoolKernel = wasmKernel<MaxPoolInputs, MaxPoolAttrs>(
  "MaxPool",
  ({ inputs: { x }, attrs, backend }) =>
    x.dtype === "int32"
      ? maxPoolWhole(backend, x, attrs)
      : x.dtype === "float32"
      ? pool(backend, "maxPool", { x, attrs })
      : callKernel(backend, "MaxPool", { inputs: { x }, attrs }),
);

/** Average pooling. The backend's own makes −∞ of NaN. */
export const avgPoolKernel = wasmKernel<AvgPoolInputs, AvgPoolAttrs>(
  "AvgPool",
  ({ inputs: { x }, attrs, backend }) =>
    x.dtype === "float32"
      ? pool(backend, "avgPool", { x, attrs })
      : callKernel(backend, "AvgPool", { inputs: { x }, attrs }),
);

function geometry(info: backend_util.Conv2DInfo) {
  return {
    height: info.inHeight,
    width: info.inWidth,
    channels: info.inChannels,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    filterHeight: info.filterHeight,
    filterWidth: info.filterWidth,
    strideHeight: info.strideHeight,
    strideWidth: info.strideWidth,
    top: info.padInfo.top,
    left: info.padInfo.left,
  };
}

function reads(info: backend_util.Conv2DInfo): number {
  return info.batchSize * info.outHeight * info.outWidth * info.inChannels *
    info.filterHeight * info.filterWidth;
}

/**
 * The gradient of max pooling: each dy goes to the first of the largest inputs
 * of its window. tfjs's WASM backend runs it as a naive loop that searches
 * every window again for every input.
 */
export const maxPoolGradKernel = wasmKernel<
  MaxPoolGradInputs,
  MaxPoolGradAttrs
>("MaxPoolGrad", ({ inputs, attrs, backend }) => {
  const { dy, input } = inputs;
  const info = infoOf(input, attrs);
  const dx = backend.makeOutput(input.shape, "float32");
  Compute.of(backend).run(
    "maxPoolGrad",
    {
      ...addressesOf(backend, { x: input, dy, dx }),
      ...geometry(info),
    },
    { chunks: info.batchSize, multiplications: reads(info) },
  );
  return dx;
});

/**
 * The gradient of average pooling: each dy is shared equally by its window.
 * Like tfjs's own, it divides by the whole window's size at the borders too.
 */
export const avgPoolGradKernel = wasmKernel<
  AvgPoolGradInputs,
  AvgPoolGradAttrs
>("AvgPoolGrad", ({ inputs, attrs, backend }) => {
  const { dy, input } = inputs;
  const info = infoOf(input, attrs);
  const dx = backend.makeOutput(input.shape, "float32");
  Compute.of(backend).run(
    "avgPoolGrad",
    {
      ...addressesOf(backend, { dy, dx }),
      ...geometry(info),
      scale: floatBits(1 / (info.filterHeight * info.filterWidth)),
    },
    { chunks: info.batchSize, multiplications: reads(info) },
  );
  return dx;
});
