import type {
  ResizeNearestNeighborAttrs,
  ResizeNearestNeighborGradAttrs,
  ResizeNearestNeighborGradInputs,
  ResizeNearestNeighborInputs,
} from "@tensorflow/tfjs";
import { sumNearest } from "../kernels/nearest_sources.ts";
import { callKernel, release, wasmKernel } from "./_wasm_kernel.ts";

/**
 * The gradient of resizing to the nearest neighbour. The backend's own loses
 * pixels that alone became a whole row or column with aligned corners.
 */
export const resizeNearestNeighborGradKernel = wasmKernel<
  ResizeNearestNeighborGradInputs,
  ResizeNearestNeighborGradAttrs
>("ResizeNearestNeighborGrad", ({ inputs, attrs, backend }) => {
  const { images, dy } = inputs;
  const { alignCorners } = attrs;
  if (!alignCorners) {
    return callKernel(backend, "ResizeNearestNeighborGrad", {
      inputs: {
        images,
        dy,
      },
      attrs,
    });
  }
  const dx = backend.makeOutput(images.shape, "float32");
  const values = backend.typedArrayFromHeap(dy);
  backend.typedArrayFromHeap(dx).set(
    sumNearest(values, {
      dyShape: dy.shape,
      shape: images.shape,
      alignCorners,
    }),
  );
  return dx;
});

/** Images resized to the nearest neighbour. The backend's own makes floats of them. */
export const resizeNearestNeighborKernel = wasmKernel<
  ResizeNearestNeighborInputs,
  ResizeNearestNeighborAttrs
>("ResizeNearestNeighbor", ({ inputs: { images }, attrs, backend }) => {
  const resized = callKernel(backend, "ResizeNearestNeighbor", {
    inputs: { images },
    attrs,
  });
  if (images.dtype === resized.dtype) return resized;
  const result = callKernel(backend, "Cast", {
    inputs: { x: resized },
    attrs: { dtype: images.dtype },
  });
  release(backend, resized);
  return result;
});
