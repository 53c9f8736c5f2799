import {
  backend_util,
  type RotateWithOffsetAttrs,
  type RotateWithOffsetInputs,
} from "@tensorflow/tfjs";
import { wasmKernel } from "./_wasm_kernel.ts";

/** Of an image with four channels, the last says how opaque it is. */
const OPACITY = 3;

/**
 * Images turned about a point, each pixel from the one that is nearest. The
 * backend's own fills with whole numbers alone.
 */
export const rotateWithOffsetKernel = wasmKernel<
  RotateWithOffsetInputs,
  RotateWithOffsetAttrs
>("RotateWithOffset", ({ inputs: { image }, attrs, backend }) => {
  const { radians, fillValue, center } = attrs;
  const [images, height, width, channels] = image.shape;
  const [x0, y0] = backend_util.getImageCenter(center, height, width);
  const [sin, cos] = [Math.sin(radians), Math.cos(radians)];
  const fill = Array.from(
    { length: channels },
    (_, c) =>
      typeof fillValue === "number"
        ? fillValue
        : c === OPACITY
        ? 255
        : fillValue[c],
  );
  const out = backend.makeOutput(image.shape, image.dtype);
  // The views are taken after the allocation, which may move the heap.
  const from = backend.typedArrayFromHeap(image);
  const to = backend.typedArrayFromHeap(out);
  let at = 0;
  for (let i = 0; i < images; i++) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const [dx, dy] = [column - x0, row - y0];
        const x = Math.round(dx * cos - dy * sin + x0);
        const y = Math.round(dx * sin + dy * cos + y0);
        const isIn = x >= 0 && x < width && y >= 0 && y < height;
        const pixel = (i * height + y) * width + x;
        for (let c = 0; c < channels; c++) {
          to[at++] = isIn ? from[pixel * channels + c] : fill[c];
        }
      }
    }
  }
  return out;
});
