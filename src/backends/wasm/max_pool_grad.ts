import {
  backend_util,
  type MaxPoolGradAttrs,
  type MaxPoolGradInputs,
} from "@tensorflow/tfjs";
import {
  type KernelCall,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";

/**
 * The gradient of max pooling, which tfjs's WASM backend runs as a naive loop
 * that searches every window once for every input.
 *
 * One pass over the outputs: each dy goes to the first of the largest inputs of
 * its window, as on the CPU backend.
 */
function maxPoolGrad(
  { inputs, attrs, backend }: KernelCall<MaxPoolGradInputs, MaxPoolGradAttrs>,
): TensorInfo {
  const { dy, input } = inputs;
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const info = backend_util.computePool2DInfo(
    input.shape as [number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const dx = backend.makeOutput(input.shape, "float32");
  // The views are taken after the allocation, which may move the heap.
  const gradient = backend.typedArrayFromHeap(dx);
  const values = backend.typedArrayFromHeap(input);
  const upstream = backend.typedArrayFromHeap(dy);
  gradient.fill(0);
  const { inHeight, inWidth, inChannels: channels } = info;
  const rowSize = inWidth * channels;
  let out = 0;
  for (let n = 0; n < info.batchSize; n++) {
    const image = n * inHeight * rowSize;
    for (let oy = 0; oy < info.outHeight; oy++) {
      const top = oy * info.strideHeight - info.padInfo.top;
      const firstY = Math.max(0, top);
      const lastY = Math.min(inHeight, top + info.filterHeight);
      for (let ox = 0; ox < info.outWidth; ox++) {
        const left = ox * info.strideWidth - info.padInfo.left;
        const firstX = Math.max(0, left);
        const lastX = Math.min(inWidth, left + info.filterWidth);
        for (let c = 0; c < channels; c++, out++) {
          let largest = -Infinity;
          let where = -1;
          for (let y = firstY; y < lastY; y++) {
            let at = image + y * rowSize + firstX * channels + c;
            for (let x = firstX; x < lastX; x++, at += channels) {
              if (values[at] > largest) {
                largest = values[at];
                where = at;
              }
            }
          }
          if (where >= 0) gradient[where] += upstream[out];
        }
      }
    }
  }
  return dx;
}

export const maxPoolGradKernel = wasmKernel("MaxPoolGrad", maxPoolGrad);
