import {
  backend_util,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type DepthwiseConv2dNativeBackpropFilterInputs,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  type DepthwiseConv2dNativeBackpropInputInputs,
} from "@tensorflow/tfjs";
import { addressOf, Compute } from "./compute/compute.ts";
import { convolveDepthwise, correlateDepthwise } from "./compute/depthwise.ts";
import { Frame, frameFor, type Images, type Windows } from "./compute/frame.ts";
import { shape4D } from "../_shapes.ts";
import {
  type BackendWasm,
  callKernel,
  release,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";
import { scoped } from "../../runtime/scoped.ts";
import { imagesOf, windowsOf } from "./conv2d.ts";

/**
 * Repeats each channel as often as it has outputs, so that a depthwise
 * convolution with a channel multiplier becomes one without.
 */
export function repeatChannels(
  backend: BackendWasm,
  x: TensorInfo,
  times: number,
): TensorInfo {
  const channels = x.shape[x.shape.length - 1];
  const column = {
    ...x,
    shape: [x.shape.slice(0, -1).reduce((a, b) => a * b, 1) * channels, 1],
  };
  const repeated = callKernel(backend, "Tile", {
    inputs: { x: column },
    attrs: {
      reps: [1, times],
    },
  });
  return { ...repeated, shape: [...x.shape.slice(0, -1), channels * times] };
}

/** What jobs of a depthwise convolution compute on. */
export interface FramedImages {
  readonly compute: Compute;
  readonly frame: Frame;
  readonly images: Images;
  readonly windows: Windows;
}

/**
 * Frames the input of a depthwise convolution, each channel as often as it has
 * outputs.
 */
export function withFrame(
  backend: BackendWasm,
  { x, info }: {
    readonly x: TensorInfo;
    readonly info: backend_util.Conv2DInfo;
  },
  run: (framed: FramedImages) => void,
): void {
  const multiplier = info.outChannels / info.inChannels;
  const repeated = multiplier === 1
    ? x
    : repeatChannels(backend, x, multiplier);
  const compute = Compute.of(backend);
  const images = {
    ...imagesOf(info, addressOf(backend, repeated)),
    channels: info.outChannels,
  };
  const windows = windowsOf(info);
  scoped((own) => {
    const frame = own(new Frame(compute, images, frameFor(windows)));
    run({ compute, frame, images, windows });
  });
  if (repeated !== x) release(backend, repeated);
}

/**
 * The gradient of a depthwise convolution with respect to its filter, which
 * tfjs's WASM backend lacks (tensorflow/tfjs#8082).
 */
export const depthwiseConv2dBackpropFilterKernel = wasmKernel<
  DepthwiseConv2dNativeBackpropFilterInputs,
  DepthwiseConv2dNativeBackpropFilterAttrs
>("DepthwiseConv2dNativeBackpropFilter", ({ inputs, attrs, backend }) => {
  const { x, dy } = inputs;
  const info = backend_util.computeConv2DInfo(
    shape4D(x),
    attrs.filterShape,
    attrs.strides,
    attrs.dilations,
    attrs.pad,
    attrs.dimRoundingMode,
    true,
  );
  const out = backend.makeOutput(attrs.filterShape, "float32");
  withFrame(
    backend,
    { x, info },
    ({ compute, ...framed }) =>
      correlateDepthwise(compute, {
        ...framed,
        dy: addressOf(backend, dy),
        out: addressOf(backend, out),
      }),
  );
  return out;
});

/**
 * The gradient of a depthwise convolution with respect to its input, which
 * tfjs's WASM backend lacks: the depthwise convolution of dy (its pixels spread
 * by the stride) with the filter turned by 180°.
 */
export const depthwiseConv2dBackpropInputKernel = wasmKernel<
  DepthwiseConv2dNativeBackpropInputInputs,
  DepthwiseConv2dNativeBackpropInputAttrs
>("DepthwiseConv2dNativeBackpropInput", ({ inputs, attrs, backend }) => {
  const { dy, filter } = inputs;
  const info = backend_util.computeConv2DInfo(
    attrs.inputShape,
    shape4D(filter),
    attrs.strides,
    attrs.dilations,
    attrs.pad,
    attrs.dimRoundingMode,
    true,
  );
  const { inHeight, inWidth, inChannels, outChannels } = info;
  const { dilationHeight, dilationWidth, filterHeight, filterWidth } = info;
  const reachHeight = (filterHeight - 1) * dilationHeight;
  const reachWidth = (filterWidth - 1) * dilationWidth;
  const turned = callKernel(backend, "Reverse", {
    inputs: { x: filter },
    attrs: {
      dims: [0, 1],
    },
  });
  const shape = [info.batchSize, inHeight, inWidth, outChannels];
  const perOutput = backend.makeOutput(shape, "float32");
  const compute = Compute.of(backend);
  const images = {
    address: addressOf(backend, dy),
    count: info.batchSize,
    height: info.outHeight,
    width: info.outWidth,
    channels: outChannels,
  };
  const top = reachHeight - info.padInfo.top;
  const left = reachWidth - info.padInfo.left;
  return scoped((own) => {
    const frame = own(
      new Frame(compute, images, {
        top,
        left,
        spreadHeight: info.strideHeight,
        spreadWidth: info.strideWidth,
        height: inHeight + reachHeight,
        width: inWidth + reachWidth,
      }),
    );
    const windows = {
      rows: inHeight,
      columns: inWidth,
      top,
      left,
      strideHeight: 1,
      strideWidth: 1,
      dilationHeight,
      dilationWidth,
      filterHeight,
      filterWidth,
    };
    convolveDepthwise(compute, {
      frame,
      images,
      windows,
      filter: addressOf(backend, turned),
      out: addressOf(backend, perOutput),
    });
    release(backend, turned);
    const multiplier = outChannels / inChannels;
    if (multiplier === 1) return perOutput;
    const summands = { ...perOutput, shape: [...info.inShape, multiplier] };
    const dx = callKernel(backend, "Sum", {
      inputs: { x: summands },
      attrs: {
        axis: [4],
        keepDims: false,
      },
    });
    release(backend, perOutput);
    return dx;
  });
});
