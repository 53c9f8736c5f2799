import type {
  ResizeNearestNeighborAttrs,
  ResizeNearestNeighborGradAttrs,
  ResizeNearestNeighborGradInputs,
  ResizeNearestNeighborInputs,
} from "@tensorflow/tfjs";
import { sumNearest } from "../kernels/nearest_sources.ts";
import { resizeWholeImages } from "../kernels/resize_whole_images.ts";
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

/** Images resized to the nearest neighbour. The backend's own makes floats of them. */
export const resizeNearestNeighborKernel = wasmKernel<
  ResizeNearestNeighborInputs,
  ResizeNearestNeighborAttrs
>(
  "ResizeNearestNeighbor",
  (call) =>
    call.inputs.images.dtype === "int32"
      ? resizeWholeImages("wasm", call)
      : callKernel(call.backend, "ResizeNearestNeighbor", call),
);
