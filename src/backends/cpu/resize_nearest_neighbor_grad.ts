import type {
  ResizeNearestNeighborGradAttrs,
  ResizeNearestNeighborGradInputs,
} from "@tensorflow/tfjs";
import { replaceKernel, valuesOf } from "./_cpu_kernel.ts";

/** Which of `size` entries becomes each of `resized`. */
function sourcesOf(size: number, resized: number, alignCorners: boolean) {
  const align = alignCorners && resized > 1;
  const scale = align ? (size - 1) / (resized - 1) : size / resized;
  return Int32Array.from({ length: resized }, (_, i) =>
    Math.min(
      size - 1,
      alignCorners ? Math.round(i * scale) : Math.floor(i * scale),
    ));
}

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
    const [batch, height, width, channels] = images.shape;
    const [, rows, columns] = dy.shape;
    const fromRow = sourcesOf(height, rows, attrs.alignCorners);
    const fromColumn = sourcesOf(width, columns, attrs.alignCorners);
    const { values } = valuesOf(backend, dy);
    const sums = new Float64Array(batch * height * width * channels);
    let at = 0;
    for (let image = 0; image < batch; image++) {
      for (let row = 0; row < rows; row++) {
        const line = (image * height + fromRow[row]) * width;
        for (let column = 0; column < columns; column++) {
          const to = (line + fromColumn[column]) * channels;
          for (let c = 0; c < channels; c++) sums[to + c] += values[at++];
        }
      }
    }
    const dx = Float32Array.from(sums);
    return backend.makeTensorInfo(images.shape, "float32", dx);
  });
}
