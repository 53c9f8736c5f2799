import {
  backend_util,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropFilterInputs,
} from "@tensorflow/tfjs";
import {
  callKernel,
  type KernelCall,
  release,
  requireChannelsLast,
  type TensorInfo,
  transpose,
  wasmKernel,
} from "./_wasm_kernel.ts";

/**
 * The gradient of a convolution with respect to its filter, which tfjs's WASM
 * backend lacks (tensorflow/tfjs#8474).
 *
 * Every filter tap (i, j) sums x[n, y·s + i − p, …] · dy[n, y, …] over the
 * images and positions. That is itself a convolution, in which images play the
 * channels: x as [inC, H, W, N] convolved with dy as a filter [outH, outW, N,
 * outC], dilated by the stride, which runs on the backend's fast kernel.
 */
function conv2DBackpropFilter(
  { inputs, attrs, backend }: KernelCall<
    Conv2DBackpropFilterInputs,
    Conv2DBackpropFilterAttrs
  >,
): TensorInfo {
  const { x, dy } = inputs;
  const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs;
  requireChannelsLast("Conv2DBackpropFilter", dataFormat);
  const info = backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    filterShape,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const padAfter = (
    size: number,
    padBefore: number,
    out: number,
    stride: number,
    taps: number,
  ) => Math.max(0, taps + (out - 1) * stride - size - padBefore);
  const { top, left } = info.padInfo;
  const bottom = padAfter(
    info.inHeight,
    top,
    info.outHeight,
    info.strideHeight,
    info.filterHeight,
  );
  const right = padAfter(
    info.inWidth,
    left,
    info.outWidth,
    info.strideWidth,
    info.filterWidth,
  );
  const images = transpose(backend, x, [3, 1, 2, 0]);
  const taps = transpose(backend, dy, [1, 2, 0, 3]);
  const perChannel = callKernel(
    backend,
    "Conv2D",
    { x: images, filter: taps },
    {
      strides: 1,
      dilations: [info.strideHeight, info.strideWidth],
      pad: [[0, 0], [top, bottom], [left, right], [0, 0]],
      dataFormat: "NHWC",
    },
  );
  release(backend, images, taps);
  // Rows of x that no stride reaches leave outputs past the filter's edge.
  const wanted = [
    info.inChannels,
    info.filterHeight,
    info.filterWidth,
    info.outChannels,
  ];
  const exact = perChannel.shape[1] === wanted[1] &&
    perChannel.shape[2] === wanted[2];
  const kept = exact ? perChannel : callKernel(
    backend,
    "Slice",
    { x: perChannel },
    { begin: [0, 0, 0, 0], size: wanted },
  );
  if (!exact) release(backend, perChannel);
  const gradient = transpose(backend, kept, [1, 2, 0, 3]);
  release(backend, kept);
  return gradient;
}

export const conv2DBackpropFilterKernel = wasmKernel(
  "Conv2DBackpropFilter",
  conv2DBackpropFilter,
);
