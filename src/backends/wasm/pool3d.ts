/**
 * 3D pooling and its gradients as two of 2D: over the depth, and then within the
 * slices. tfjs's own max pooling of negative values on WASM gives what is least
 * above 0.
 */

import {
  type AvgPool3DAttrs,
  type AvgPool3DGradAttrs,
  type AvgPool3DGradInputs,
  type AvgPool3DInputs,
  backend_util,
  type KernelConfig,
  type MaxPool3DAttrs,
  type MaxPool3DGradAttrs,
  type MaxPool3DGradInputs,
  type MaxPool3DInputs,
} from "@tensorflow/tfjs";
import {
  type BackendWasm,
  callKernel,
  release,
  runKernel,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";
import { avgPoolGradKernel, maxPoolGradKernel } from "./pool_grad.ts";

type Attrs = MaxPool3DAttrs | MaxPool3DGradAttrs | AvgPool3DAttrs;
type Pool = "MaxPool" | "AvgPool";

function infoOf(x: TensorInfo, attrs: Attrs): backend_util.Conv3DInfo {
  return backend_util.computePool3DInfo(
    x.shape as [number, number, number, number, number],
    attrs.filterSize,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
}

/** The pooling over the depth, of [batch, depth, height · width, channels]. */
function alongDepth(info: backend_util.Conv3DInfo) {
  const { front, back } = info.padInfo;
  return {
    filterSize: [info.filterDepth, 1],
    strides: [info.strideDepth, 1],
    pad: [[0, 0], [front, back], [0, 0], [0, 0]],
  };
}

/** The pooling of each slice, of [batch · depth, height, width, channels]. */
function withinSlices(info: backend_util.Conv3DInfo) {
  const { top, bottom, left, right } = info.padInfo;
  return {
    filterSize: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    pad: [[0, 0], [top, bottom], [left, right], [0, 0]],
  };
}

function columnsOf(x: TensorInfo, info: backend_util.Conv3DInfo): TensorInfo {
  const { batchSize, inHeight, inWidth, inChannels } = info;
  const depth = x.shape[1];
  return { ...x, shape: [batchSize, depth, inHeight * inWidth, inChannels] };
}

function slicesOf(x: TensorInfo, height: number, width: number): TensorInfo {
  const channels = x.shape[x.shape.length - 1];
  const size = x.shape.reduce((product, length) => product * length, 1);
  const slices = size / (height * width * channels);
  return { ...x, shape: [slices, height, width, channels] };
}

function pool(
  backend: BackendWasm,
  kernel: Pool,
  x: TensorInfo,
  attrs: Attrs,
): TensorInfo {
  const info = infoOf(x, attrs);
  const input = { x: columnsOf(x, info) };
  const flat = callKernel(backend, kernel, input, alongDepth(info));
  const y = callKernel(
    backend,
    kernel,
    { x: slicesOf(flat, info.inHeight, info.inWidth) },
    withinSlices(info),
  );
  release(backend, flat);
  return { ...y, shape: info.outShape };
}

function poolGrad(
  backend: BackendWasm,
  kernel: Pool,
  gradient: KernelConfig,
  x: TensorInfo,
  dy: TensorInfo,
  attrs: Attrs,
): TensorInfo {
  const info = infoOf(x, attrs);
  const { inHeight, inWidth, outHeight, outWidth } = info;
  const input = columnsOf(x, info);
  const flat = callKernel(backend, kernel, { x: input }, alongDepth(info));
  const flatDy = runKernel(backend, gradient, {
    dy: slicesOf(dy, outHeight, outWidth),
    input: slicesOf(flat, inHeight, inWidth),
  }, withinSlices(info));
  const dx = runKernel(backend, gradient, {
    dy: { ...flatDy, shape: flat.shape },
    input,
  }, alongDepth(info));
  release(backend, flat, flatDy);
  return { ...dx, shape: info.inShape };
}

/** The largest value of each window. */
export const maxPool3DKernel = wasmKernel<MaxPool3DInputs, MaxPool3DAttrs>(
  "MaxPool3D",
  ({ inputs: { x }, attrs, backend }) => pool(backend, "MaxPool", x, attrs),
);

/** The mean of what each window covers. */
export const avgPool3DKernel = wasmKernel<AvgPool3DInputs, AvgPool3DAttrs>(
  "AvgPool3D",
  ({ inputs: { x }, attrs, backend }) => pool(backend, "AvgPool", x, attrs),
);

/** The gradient of max pooling: to one value in each window. */
export const maxPool3DGradKernel = wasmKernel<
  MaxPool3DGradInputs,
  MaxPool3DGradAttrs
>(
  "MaxPool3DGrad",
  ({ inputs: { input, dy }, attrs, backend }) =>
    poolGrad(backend, "MaxPool", maxPoolGradKernel, input, dy, attrs),
);

/** The gradient of average pooling; divides by the whole window's size. */
export const avgPool3DGradKernel = wasmKernel<
  AvgPool3DGradInputs,
  AvgPool3DGradAttrs
>(
  "AvgPool3DGrad",
  ({ inputs: { input, dy }, attrs, backend }) =>
    poolGrad(backend, "AvgPool", avgPoolGradKernel, input, dy, attrs),
);
