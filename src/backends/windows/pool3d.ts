/**
 * 3D pooling and its gradients as two of 2D: over the depth, and then within the
 * slices. Of tfjs's own, max pooling of negative values on WASM gives what is
 * least above 0, and the gradient on WebGPU misses windows at the borders.
 */

import {
  type AvgPool3DAttrs,
  type backend_util,
  getKernel,
  type KernelBackend,
  type KernelConfig,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from "@tensorflow/tfjs";
import {
  type KernelCall,
  registeredKernel,
  toKernelFunc,
} from "../_kernels.ts";
import { pool3DInfo } from "./same_padding.ts";

type Pool = "MaxPool" | "AvgPool";
type Call<Name extends string> = KernelCall<
  Record<Name, TensorInfo>,
  AvgPool3DAttrs,
  KernelBackend
>;

/** A backend, and how its kernels are run. */
class Kernels {
  readonly #name: string;
  readonly #backend: KernelBackend;

  constructor(name: string, backend: KernelBackend) {
    this.#name = name;
    this.#backend = backend;
  }

  run(
    kernel: string,
    inputs: Record<string, TensorInfo>,
    attrs: object,
  ): TensorInfo {
    const backend = this.#backend;
    return registeredKernel(kernel, this.#name)({ inputs, attrs, backend });
  }

  release(...tensors: TensorInfo[]): void {
    for (const { dataId } of tensors) this.#backend.disposeData(dataId);
  }
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
  kernels: Kernels,
  kernel: Pool,
  { inputs: { x }, attrs }: Call<"x">,
): TensorInfo {
  const info = pool3DInfo(x.shape, attrs);
  if (info.outShape.some((length) => length <= 0)) {
    const none = kernels.run("Slice", { x }, {
      begin: [0, 0, 0, 0, 0],
      size: [0, 0, 0, 0, 0],
    });
    return { ...none, shape: info.outShape.map((n) => Math.max(0, n)) };
  }
  const input = { x: columnsOf(x, info) };
  const flat = kernels.run(kernel, input, alongDepth(info));
  const y = kernels.run(
    kernel,
    { x: slicesOf(flat, info.inHeight, info.inWidth) },
    withinSlices(info),
  );
  kernels.release(flat);
  return { ...y, shape: info.outShape };
}

function poolGrad(
  kernels: Kernels,
  kernel: Pool,
  { inputs: { input: x, dy }, attrs }: Call<"input" | "dy">,
): TensorInfo {
  const info = pool3DInfo(x.shape, attrs);
  const { inHeight, inWidth, outHeight, outWidth } = info;
  const columns = columnsOf(x, info);
  const [depth, slices] = [alongDepth(info), withinSlices(info)];
  const flat = kernels.run(kernel, { x: columns }, depth);
  const input = slicesOf(flat, inHeight, inWidth);
  const output = kernels.run(kernel, { x: input }, slices);
  const gradient = `${kernel}Grad`;
  const slicesDy = slicesOf(dy, outHeight, outWidth);
  const flatDy = kernels.run(
    gradient,
    { dy: slicesDy, input, output },
    slices,
  );
  const dx = kernels.run(gradient, {
    dy: { ...flatDy, shape: flat.shape },
    input: columns,
    output: flat,
  }, depth);
  kernels.release(flat, output, flatDy);
  return { ...dx, shape: info.inShape };
}

/** The kernels of 3D pooling for a backend, by those that it has for 2D. */
export function pool3DKernels(backendName: string): KernelConfig[] {
  const define = <Name extends string>(
    kernelName: string,
    compute: (kernels: Kernels, call: Call<Name>) => TensorInfo,
  ): KernelConfig => ({
    kernelName,
    backendName,
    kernelFunc: toKernelFunc((call: Call<Name>) =>
      compute(new Kernels(backendName, call.backend), call)
    ),
  });
  return (["MaxPool", "AvgPool"] as const).flatMap((kernel) => [
    define<"x">(
      `${kernel}3D`,
      (kernels, call) => pool(kernels, kernel, call),
    ),
    define<"input" | "dy">(
      `${kernel}3DGrad`,
      (kernels, call) => poolGrad(kernels, kernel, call),
    ),
  ]);
}

/** Registers them in the place of the backend's own. */
export function replacePool3D(backendName: string): void {
  for (const kernel of pool3DKernels(backendName)) {
    if (getKernel(kernel.kernelName, backendName) !== undefined) {
      unregisterKernel(kernel.kernelName, backendName);
    }
    registerKernel(kernel);
  }
}
