import type { TransformAttrs, TransformInputs } from "@tensorflow/tfjs";
import {
  transformedShape,
  transformImages,
} from "../kernels/transform_images.ts";
import { wasmKernel } from "./_wasm_kernel.ts";

/**
 * Images transformed. The backend's own kernel rounds coordinates left of an
 * image to whole pixels, where it reflects or repeats it.
 */
export const transformKernel = wasmKernel<TransformInputs, TransformAttrs>(
  "Transform",
  ({ inputs: { image, transforms }, attrs, backend }) => {
    const out = backend.makeOutput(
      transformedShape(image.shape, attrs),
      image.dtype,
    );
    // The views are taken after the allocation, which may move the heap.
    const images = {
      values: backend.typedArrayFromHeap(image),
      shape: image.shape,
      transforms: backend.typedArrayFromHeap(transforms),
    };
    transformImages(images, attrs, backend.typedArrayFromHeap(out));
    return out;
  },
);
