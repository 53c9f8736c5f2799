import {
  backend_util,
  type Conv2DAttrs,
  type Conv2DInputs,
  type FusedConv2DAttrs,
  type FusedConv2DInputs,
} from "@tensorflow/tfjs";
import {
  activate,
  clampOf,
  finishSeparately,
  fitsColumns,
} from "./_activation.ts";
import { addressOf, Compute } from "./compute/compute.ts";
import { convolve } from "./compute/convolution.ts";
import { type Finish, plain } from "./compute/finish.ts";
import type { Images, Windows } from "./compute/frame.ts";
import { shape4D } from "../_shapes.ts";
import {
  type BackendWasm,
  type KernelCall,
  requireChannelsLast,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";

/** The input of a 2D convolution, as the compute kernels take it. */
export function imagesOf(
  info: backend_util.Conv2DInfo,
  address: number,
): Images {
  return {
    address,
    count: info.batchSize,
    height: info.inHeight,
    width: info.inWidth,
    channels: info.inChannels,
  };
}

/** The windows of a 2D convolution, as the compute kernels take them. */
export function windowsOf(info: backend_util.Conv2DInfo): Windows {
  return {
    rows: info.outHeight,
    columns: info.outWidth,
    top: info.padInfo.top,
    left: info.padInfo.left,
    strideHeight: info.strideHeight,
    strideWidth: info.strideWidth,
    dilationHeight: info.dilationHeight,
    dilationWidth: info.dilationWidth,
    filterHeight: info.filterHeight,
    filterWidth: info.filterWidth,
  };
}

function convolution(
  backend: BackendWasm,
  { x, filter }: { x: TensorInfo; filter: TensorInfo },
  { finish, ...attrs }: Conv2DAttrs & { readonly finish: Finish },
): TensorInfo {
  requireChannelsLast("Conv2D", attrs.dataFormat);
  const info = backend_util.computeConv2DInfo(
    shape4D(x),
    shape4D(filter),
    attrs.strides,
    attrs.dilations,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  const out = backend.makeOutput(info.outShape, "float32");
  convolve(Compute.of(backend), {
    images: imagesOf(info, addressOf(backend, x)),
    windows: windowsOf(info),
    weights: {
      address: addressOf(backend, filter),
      tapRows: 1,
      tapRowStep: 0,
      taps: 1,
      tapStep: 0,
      run: info.filterHeight * info.filterWidth * info.inChannels,
      rowStep: 4 * info.outChannels,
      columns: info.outChannels,
      columnStep: 4,
    },
    out: addressOf(backend, out),
    finish,
  });
  return out;
}

/** A 2D convolution. */
export const conv2DKernel = wasmKernel<Conv2DInputs, Conv2DAttrs>(
  "Conv2D",
  ({ inputs, attrs, backend }) =>
    convolution(backend, inputs, { ...attrs, finish: plain }),
);

/** A 2D convolution with its bias and activation. */
export const fusedConv2DKernel = wasmKernel(
  "FusedConv2D",
  ({ inputs, attrs, backend }: KernelCall<
    FusedConv2DInputs,
    FusedConv2DAttrs
  >) => {
    const { filter, preluActivationWeights } = inputs;
    const bias = inputs.bias;
    const activation = {
      ...attrs,
      preluActivationWeights,
    };
    if (!fitsColumns(bias, filter.shape[3])) {
      const y = convolution(backend, inputs, { ...attrs, finish: plain });
      return finishSeparately(backend, y, { bias, ...activation });
    }
    const finish = {
      ...clampOf(activation.activation),
      bias: bias ? addressOf(backend, bias) : undefined,
    };
    const y = convolution(backend, inputs, { ...attrs, finish });
    return activate(backend, y, activation);
  },
);
