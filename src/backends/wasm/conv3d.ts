/**
 * 3D convolutions and their gradients as 2D ones. Those of tfjs's WASM backend
 * give a wrong gradient of the input for any shape, and of the filter for
 * strides above 1; the network then trains to nothing, without an error.
 */

import type {
  backend_util,
  Conv3DAttrs,
  Conv3DBackpropFilterV2Attrs,
  Conv3DBackpropFilterV2Inputs,
  Conv3DBackpropInputV2Attrs,
  Conv3DBackpropInputV2Inputs,
  Conv3DInputs,
} from "@tensorflow/tfjs";
import { addressOf } from "./compute/compute.ts";
import { conv3DInfo } from "../windows/same_padding.ts";
import { depthAsChannels } from "./_depth.ts";
import {
  release,
  runKernel,
  type TensorInfo,
  transpose,
  wasmKernel,
} from "./_wasm_kernel.ts";
import { conv2DKernel } from "./conv2d.ts";
import { conv2DBackpropFilterKernel } from "./conv2d_backprop_filter.ts";
import { conv2DBackpropInputKernel } from "./conv2d_backprop_input.ts";

/** The attributes of the 2D convolution within the slices. */
function within(info: backend_util.Conv3DInfo) {
  const { top, bottom, left, right } = info.padInfo;
  return {
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    pad: [[0, 0], [top, bottom], [left, right], [0, 0]],
    dataFormat: "NHWC",
  };
}

/** The slices that the windows meet, as they lie in the input. */
function windowTaps(info: backend_util.Conv3DInfo) {
  return {
    out: info.outDepth,
    taps: info.filterDepth,
    stride: info.strideDepth,
    dilation: info.dilationDepth,
    before: info.padInfo.front,
    spread: 1,
  };
}

function reshaped(x: TensorInfo, shape: number[]): TensorInfo {
  return { ...x, shape };
}

/** A 3D convolution. */
export const conv3DKernel = wasmKernel<Conv3DInputs, Conv3DAttrs>(
  "Conv3D",
  ({ inputs: { x, filter }, attrs, backend }) => {
    const info = conv3DInfo(x.shape, filter.shape, attrs);
    const [taps, height, width, channels, outChannels] = filter.shape;
    const images = depthAsChannels(backend, x, windowTaps(info));
    const wide = transpose(backend, filter, [1, 2, 0, 3, 4]);
    const y = runKernel(backend, conv2DKernel, {
      inputs: {
        x: images,
        filter: reshaped(wide, [height, width, taps * channels, outChannels]),
      },
      attrs: within(info),
    });
    release(backend, images, wide);
    return reshaped(y, info.outShape);
  },
);

/** The gradient of a 3D convolution with respect to its filter. */
export const conv3DBackpropFilterKernel = wasmKernel<
  Conv3DBackpropFilterV2Inputs,
  Conv3DBackpropFilterV2Attrs
>("Conv3DBackpropFilterV2", ({ inputs: { x, dy }, attrs, backend }) => {
  const { filterShape } = attrs;
  const info = conv3DInfo(x.shape, filterShape, attrs);
  const [taps, height, width, channels, outChannels] = filterShape;
  const images = depthAsChannels(backend, x, windowTaps(info));
  const wide = runKernel(backend, conv2DBackpropFilterKernel, {
    inputs: {
      x: images,
      dy: reshaped(dy, [
        info.batchSize * info.outDepth,
        info.outHeight,
        info.outWidth,
        outChannels,
      ]),
    },
    attrs: {
      ...within(info),
      filterShape: [height, width, taps * channels, outChannels],
    },
  });
  const apart = [height, width, taps, channels, outChannels];
  const filter = transpose(backend, reshaped(wide, apart), [2, 0, 1, 3, 4]);
  release(backend, images, wide);
  return filter;
});

/**
 * The gradient of a 3D convolution with respect to its input: each slice gets
 * from every slice of dy whose window met it.
 */
export const conv3DBackpropInputKernel = wasmKernel<
  Conv3DBackpropInputV2Inputs,
  Conv3DBackpropInputV2Attrs
>("Conv3DBackpropInputV2", ({ inputs: { dy, filter }, attrs, backend }) => {
  const { inputShape } = attrs;
  const info = conv3DInfo(inputShape, filter.shape, attrs);
  const [taps, height, width, channels, outChannels] = filter.shape;
  // Slice i was tap t of output slice (i + front − t) / stride.
  const images = depthAsChannels(backend, dy, {
    out: info.inDepth,
    taps,
    stride: 1,
    dilation: -1,
    before: -info.padInfo.front,
    spread: info.strideDepth,
  });
  const wide = transpose(backend, filter, [1, 2, 3, 0, 4]);
  const slices = info.batchSize * info.inDepth;
  const dx = runKernel(backend, conv2DBackpropInputKernel, {
    inputs: {
      dy: images,
      filter: reshaped(wide, [height, width, channels, taps * outChannels]),
    },
    attrs: {
      ...within(info),
      inputShape: [slices, info.inHeight, info.inWidth, channels],
    },
  });
  // The values wait to be asked for, and are then computed from what follows.
  addressOf(backend, dx);
  release(backend, images, wide);
  return reshaped(dx, info.inShape);
});
