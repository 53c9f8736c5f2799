import {
  backend_util,
  type DepthwiseConv2dNativeAttrs,
  type DepthwiseConv2dNativeInputs,
  type FusedDepthwiseConv2DAttrs,
  type FusedDepthwiseConv2DInputs,
} from "@tensorflow/tfjs";
import { finishSeparately } from "./_activation.ts";
import { addressOf } from "./compute/compute.ts";
import { convolveDepthwise } from "./compute/depthwise.ts";
import { shape4D } from "../_shapes.ts";
import {
  type BackendWasm,
  callKernel,
  type KernelCall,
  requireChannelsLast,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";
import { withFrame } from "./depthwise_conv2d_backprop.ts";

function infoOf(
  x: TensorInfo,
  filter: TensorInfo,
  attrs: DepthwiseConv2dNativeAttrs,
): backend_util.Conv2DInfo {
  return backend_util.computeConv2DInfo(
    shape4D(x),
    shape4D(filter),
    attrs.strides,
    attrs.dilations ?? [1, 1],
    attrs.pad,
    attrs.dimRoundingMode,
    true,
  );
}

/**
 * Whether the backend's own kernel pads otherwise than it should, which it does
 * where a side of the window is smaller than the stride (tensorflow/tfjs#6629).
 */
function isPaddedWrongly(info: backend_util.Conv2DInfo): boolean {
  return info.padInfo.type === "SAME" &&
    (info.filterHeight < info.strideHeight ||
      info.filterWidth < info.strideWidth);
}

function convolution(
  backend: BackendWasm,
  { x, filter }: { readonly x: TensorInfo; readonly filter: TensorInfo },
  info: backend_util.Conv2DInfo,
): TensorInfo {
  const out = backend.makeOutput(info.outShape, "float32");
  withFrame(
    backend,
    { x, info },
    ({ compute, ...framed }) =>
      convolveDepthwise(compute, {
        ...framed,
        filter: addressOf(backend, filter),
        out: addressOf(backend, out),
      }),
  );
  return out;
}

/** A depthwise convolution. */
export const depthwiseConv2dKernel = wasmKernel<
  DepthwiseConv2dNativeInputs,
  DepthwiseConv2dNativeAttrs
>("DepthwiseConv2dNative", ({ inputs, attrs, backend }) => {
  const { x, filter } = inputs;
  const info = infoOf(x, filter, attrs);
  return isPaddedWrongly(info)
    ? convolution(backend, { x, filter }, info)
    : callKernel(backend, "DepthwiseConv2dNative", {
      inputs: { x, filter },
      attrs,
    });
});

/** A depthwise convolution with its bias and activation. */
export const fusedDepthwiseConv2DKernel = wasmKernel(
  "FusedDepthwiseConv2D",
  ({ inputs, attrs, backend }: KernelCall<
    FusedDepthwiseConv2DInputs,
    FusedDepthwiseConv2DAttrs
  >) => {
    const { x, filter, bias, preluActivationWeights } = inputs;
    requireChannelsLast("FusedDepthwiseConv2D", attrs.dataFormat);
    const info = infoOf(x, filter, attrs);
    if (!isPaddedWrongly(info)) {
      return callKernel(
        backend,
        "FusedDepthwiseConv2D",
        { inputs, attrs },
      );
    }
    const y = convolution(backend, { x, filter }, info);
    return finishSeparately(backend, y, {
      ...attrs,
      bias,
      preluActivationWeights,
    });
  },
);
