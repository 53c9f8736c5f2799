import type {
  ResizeNearestNeighborGradAttrs,
  ResizeNearestNeighborGradInputs,
} from "@tensorflow/tfjs";
import { sumNearest } from "../_nearest_sources.ts";
import { callKernel, wasmKernel } from "./_wasm_kernel.ts";

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
