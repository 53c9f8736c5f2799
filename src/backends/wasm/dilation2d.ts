/**
 * Grey-scale dilation, y = max(x + filter) over each window, and its gradients.
 * The backend's own kernels take the smallest positive number for the smallest
 * of all, so that no result is negative and the gradients go astray.
 */

import {
  backend_util,
  type Dilation2DAttrs,
  type Dilation2DBackpropFilterInputs,
  type Dilation2DInputs,
  type KernelConfig,
} from "@tensorflow/tfjs";
import { shape4D } from "../_shapes.ts";
import {
  type BackendWasm,
  type KernelCall,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";

/** How the windows lie. */
function infoOf(
  { x, filter }: { readonly x: TensorInfo; readonly filter: TensorInfo },
  { strides, pad, dilations }: Dilation2DAttrs,
): backend_util.Conv2DInfo {
  const [height, width, channels] = filter.shape;
  return backend_util.computeDilation2DInfo(
    shape4D(x),
    [height, width, channels],
    strides,
    pad,
    "NHWC",
    dilations,
  );
}

/** The largest sum of a window, with where its terms lie. */
interface Largest {
  readonly value: number;
  readonly x: number;
  readonly filter: number;
}

/** Gives the first of the largest sums of each window, in the order of the result. */
function eachLargest(
  backend: BackendWasm,
  { x, filter, info }: {
    readonly x: TensorInfo;
    readonly filter: TensorInfo;
    readonly info: backend_util.Conv2DInfo;
  },
  visit: (at: number, largest: Largest) => void,
): void {
  const from = backend.typedArrayFromHeap(x);
  const weights = backend.typedArrayFromHeap(filter);
  const [height, width, channels] = filter.shape;
  const { inHeight, inWidth, outHeight, outWidth } = info;
  const { top, left } = info.padInfo;
  let at = 0;
  for (let image = 0; image < info.batchSize; image++) {
    for (let row = 0; row < outHeight; row++) {
      for (let column = 0; column < outWidth; column++) {
        for (let c = 0; c < channels; c++) {
          let largest: Largest = { value: -Infinity, x: -1, filter: -1 };
          for (let h = 0; h < height; h++) {
            const y = row * info.strideHeight - top + h * info.dilationHeight;
            if (y < 0 || y >= inHeight) continue;
            for (let w = 0; w < width; w++) {
              const start = column * info.strideWidth - left;
              const across = start + w * info.dilationWidth;
              if (across < 0 || across >= inWidth) continue;
              const pixel = (image * inHeight + y) * inWidth + across;
              const place = {
                x: pixel * channels + c,
                filter: (h * width + w) * channels + c,
              };
              const value = from[place.x] + weights[place.filter];
              if (value > largest.value || Number.isNaN(value)) {
                largest = { value, ...place };
              }
            }
          }
          visit(at++, largest);
        }
      }
    }
  }
}

export const dilation2DKernel: KernelConfig = wasmKernel(
  "Dilation2D",
  ({ inputs: { x, filter }, attrs, backend }: KernelCall<
    Dilation2DInputs,
    Dilation2DAttrs
  >) => {
    const info = infoOf({ x, filter }, attrs);
    const out = backend.makeOutput(info.outShape, "float32");
    const values = backend.typedArrayFromHeap(out);
    eachLargest(backend, { x, filter, info }, (at, { value }) => {
      values[at] = value;
    });
    return out;
  },
);

/** The gradient of x or of the filter: dy goes to the term of the largest sum. */
function backprop(kernelName: string, of: "x" | "filter"): KernelConfig {
  return wasmKernel(kernelName, ({ inputs, attrs, backend }: KernelCall<
    Dilation2DBackpropFilterInputs,
    Dilation2DAttrs
  >) => {
    const { x, filter, dy } = inputs;
    const out = backend.makeOutput(inputs[of].shape, "float32");
    // The views are taken after the allocation, which may move the heap.
    const sums = backend.typedArrayFromHeap(out).fill(0);
    const slopes = backend.typedArrayFromHeap(dy);
    const info = infoOf({ x, filter }, attrs);
    eachLargest(backend, { x, filter, info }, (at, largest) => {
      if (largest.x >= 0) sums[largest[of]] += slopes[at];
    });
    return out;
  });
}

export const dilation2DBackpropInputKernel: KernelConfig = backprop(
  "Dilation2DBackpropInput",
  "x",
);
export const dilation2DBackpropFilterKernel: KernelConfig = backprop(
  "Dilation2DBackpropFilter",
  "filter",
);
