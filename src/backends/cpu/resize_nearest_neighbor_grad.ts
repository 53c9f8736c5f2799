import type {
  ResizeNearestNeighborGradAttrs,
  ResizeNearestNeighborGradInputs,
} from "@tensorflow/tfjs";
import { sumNearest } from "../kernels/nearest_sources.ts";
import { replaceKernel, valuesOf } from "./_cpu_kernel.ts";

/**
 * The gradient of resizing to the nearest neighbour: the sum over what each
 * pixel became. tfjs's own steps through dy as if it were as large as the images
 * and so reads the wrong one in batches above 1.
 */
export function replaceResizeNearestNeighborGrad(): void {
  replaceKernel<
    ResizeNearestNeighborGradInputs,
    ResizeNearestNeighborGradAttrs
  >("ResizeNearestNeighborGrad", () => ({ inputs, attrs, backend }) => {
    const { images, dy } = inputs;
    const { values } = valuesOf(backend, dy);
    const { shape } = images;
    const dx = sumNearest(values, {
      dyShape: dy.shape,
      shape,
      alignCorners: attrs.alignCorners,
    });
    return backend.makeTensorInfo(shape, "float32", dx);
  });
}
