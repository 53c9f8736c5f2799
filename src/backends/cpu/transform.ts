import {
  type TransformAttrs,
  type TransformInputs,
  util,
} from "@tensorflow/tfjs";
import {
  transformedShape,
  transformImages,
} from "../kernels/transform_images.ts";
import { replaceKernel, valuesOf } from "./_cpu_kernel.ts";

/** Images transformed; tfjs's own leaves after the first of a batch. */
export function replaceTransform(): void {
  replaceKernel<TransformInputs, TransformAttrs>(
    "Transform",
    () => ({ inputs: { image, transforms }, attrs, backend }) => {
      const shape = transformedShape(image.shape, attrs);
      const out = util.getTypedArrayFromDType(
        image.dtype as "float32",
        util.sizeFromShape(shape),
      );
      const images = {
        ...valuesOf(backend, image),
        transforms: valuesOf(backend, transforms).values,
      };
      transformImages(images, attrs, out);
      return backend.makeTensorInfo(shape, image.dtype, out);
    },
  );
}
