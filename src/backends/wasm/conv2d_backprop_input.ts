import {
  backend_util,
  type Conv2DBackpropInputAttrs,
  type Conv2DBackpropInputInputs,
} from "@tensorflow/tfjs";
import { addressOf, Compute } from "./compute/compute.ts";
import { convolve, Frame, plain } from "./compute/convolution.ts";
import { defer } from "./_deferred.ts";
import {
  type BackendWasm,
  callKernel,
  release,
  requireChannelsLast,
  type Shape4D,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";

function backpropInput(
  backend: BackendWasm,
  dy: TensorInfo,
  filter: TensorInfo,
  info: backend_util.Conv2DInfo,
  out: TensorInfo,
): void {
  const { inHeight, inWidth, inChannels, outChannels } = info;
  const { filterHeight, filterWidth } = info;
  const compute = Compute.of(backend);
  const images = {
    count: info.batchSize,
    height: info.outHeight,
    width: info.outWidth,
    channels: outChannels,
  };
  const windows = {
    rows: inHeight,
    columns: inWidth,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
    filterHeight,
    filterWidth,
  };
  // tfjs's transposed convolution takes a dy that is larger than the output
  // would be, and leaves the rest of it out.
  const exact = dy.shape.every((size, i) => size === info.outShape[i]);
  const used = exact ? dy : callKernel(backend, "Slice", { x: dy }, {
    begin: [0, 0, 0, 0],
    size: info.outShape,
  });
  using frame = new Frame(compute, addressOf(backend, used), images, {
    top: filterHeight - 1 - info.padInfo.top,
    left: filterWidth - 1 - info.padInfo.left,
    spreadHeight: info.strideHeight,
    spreadWidth: info.strideWidth,
    height: inHeight + filterHeight - 1,
    width: inWidth + filterWidth - 1,
  });
  const taps = filterHeight * filterWidth;
  const tapBytes = 4 * inChannels * outChannels;
  const turned = {
    address: addressOf(backend, filter) + (taps - 1) * tapBytes,
    taps,
    tapStep: -tapBytes,
    run: outChannels,
    rowStep: 4,
    columns: inChannels,
    columnStep: 4 * outChannels,
  };
  const to = addressOf(backend, out);
  convolve(compute, frame, images, windows, turned, to, plain);
  if (used !== dy) release(backend, used);
}

/**
 * The gradient of a convolution with respect to its input, which tfjs's WASM
 * backend runs as a naive loop: the convolution of dy (its pixels spread by the
 * stride) with the filter turned by 180° and its channels swapped.
 */
export const conv2DBackpropInputKernel = wasmKernel<
  Conv2DBackpropInputInputs,
  Conv2DBackpropInputAttrs
>("Conv2DBackpropInput", ({ inputs, attrs, backend }) => {
  const { dy, filter } = inputs;
  requireChannelsLast("Conv2DBackpropInput", attrs.dataFormat);
  const info = backend_util.computeConv2DInfo(
    attrs.inputShape,
    filter.shape as Shape4D,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  const out = backend.makeOutput(info.inShape, "float32");
  defer(
    backend,
    out,
    [dy, filter],
    () => backpropInput(backend, dy, filter, info, out),
  );
  return out;
});
