import {
  backend_util,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropFilterInputs,
} from "@tensorflow/tfjs";
import { addressOf, Compute } from "./compute/compute.ts";
import { correlateWindows } from "./compute/convolution.ts";
import { shape4D } from "../_shapes.ts";
import { requireChannelsLast, wasmKernel } from "./_wasm_kernel.ts";
import { imagesOf, windowsOf } from "./conv2d.ts";

/**
 * The gradient of a 2D convolution with respect to its filter, which tfjs's
 * WASM backend lacks (tensorflow/tfjs#8474): for each tap, the sum over all
 * windows of x at that tap times dy of that window.
 */
export const conv2DBackpropFilterKernel = wasmKernel<
  Conv2DBackpropFilterInputs,
  Conv2DBackpropFilterAttrs
>("Conv2DBackpropFilter", ({ inputs, attrs, backend }) => {
  const { x, dy } = inputs;
  requireChannelsLast("Conv2DBackpropFilter", attrs.dataFormat);
  const info = backend_util.computeConv2DInfo(
    shape4D(x),
    attrs.filterShape,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  const out = backend.makeOutput(info.filterShape, "float32");
  correlateWindows(Compute.of(backend), {
    images: imagesOf(info, addressOf(backend, x)),
    windows: windowsOf(info),
    dy: addressOf(backend, dy),
    columns: info.outChannels,
    out: addressOf(backend, out),
  });
  return out;
});
