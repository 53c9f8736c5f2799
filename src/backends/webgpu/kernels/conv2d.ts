/**
 * Convolutions whose channels come in fours, by tiles of our own; others, and
 * those with an activation, are left to tfjs.
 */

import {
  backend_util,
  type Conv2DAttrs,
  type Conv2DInputs,
  type FusedConv2DAttrs,
  type FusedConv2DInputs,
  type TensorInfo,
} from "@tensorflow/tfjs";
import { shape4D } from "../../_shapes.ts";
import type { TrainingBackend } from "../_training_backend.ts";
import { replaceKernel } from "../_kernel.ts";
import { convolveTiled, isTileable } from "../_tiled_convolution.ts";
import { sizeOf } from "../_shape.ts";

function convolve(
  backend: TrainingBackend,
  { x, filter, bias }: {
    readonly x: TensorInfo;
    readonly filter: TensorInfo;
    readonly bias?: TensorInfo | undefined;
  },
  attrs: Conv2DAttrs,
): TensorInfo | undefined {
  if (attrs.dataFormat !== "NHWC") return undefined;
  const info = backend_util.computeConv2DInfo(
    shape4D(x),
    shape4D(filter),
    attrs.strides,
    attrs.dilations,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  const { inChannels, outChannels } = info;
  if (bias && sizeOf(bias.shape) !== outChannels) return undefined;
  if (sizeOf(x.shape) === 0 || sizeOf(info.outShape) === 0) return undefined;
  const convolution = {
    ...{ batch: info.batchSize, inChannels, outChannels, isTransposed: false },
    inSize: [info.inHeight, info.inWidth],
    outSize: [info.outHeight, info.outWidth],
    window: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    steps: [info.dilationHeight, info.dilationWidth],
    start: [-info.padInfo.top, -info.padInfo.left],
  } as const;
  if (!isTileable(convolution)) return undefined;
  return convolveTiled(backend, { x, filter, bias }, convolution);
}

/** In the place of tfjs's Conv2D. */
export const conv2dKernel = replaceKernel<Conv2DInputs, Conv2DAttrs>(
  "Conv2D",
  ({ inputs, attrs, backend }) => convolve(backend, inputs, attrs),
);

/** In the place of tfjs's FusedConv2D, where it adds a bias at most. */
export const fusedConv2dKernel = replaceKernel<
  FusedConv2DInputs,
  FusedConv2DAttrs
>(
  "FusedConv2D",
  ({ inputs, attrs, backend }) =>
    (attrs.activation ?? "linear") === "linear"
      ? convolve(backend, inputs, attrs)
      : undefined,
);
