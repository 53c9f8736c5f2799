/**
 * The gradients of resizing by the centres of pixels (`halfPixelCenters`), which
 * tfjs's kernels compute as if by their edges: along each axis a product with the
 * matrix that resizes it, transposed.
 */

import * as tf from "@tensorflow/tfjs";
import { firstOf, replaceGradient } from "../_engine.ts";

/** The sources of pixel `i` along an axis, with their weights. */
type Sources = (
  i: number,
  length: { from: number; to: number },
) => [number, number][];

const nearest: Sources = (i, { from, to }) => [
  [Math.min(from - 1, Math.floor((i + 0.5) * (from / to))), 1],
];

const bilinear: Sources = (i, { from, to }) => {
  const place = (i + 0.5) * (from / to) - 0.5;
  const low = Math.max(0, Math.floor(place));
  return [[low, 1 - (place - low)], [
    Math.min(from - 1, Math.ceil(place)),
    place - low,
  ]];
};

/** The matrix [1, from, to] that sums what each pixel became. */
function gathering(sources: Sources, from: number, to: number): tf.Tensor3D {
  const matrix = new Float32Array(from * to);
  for (let i = 0; i < to; i++) {
    for (const [at, weight] of sources(i, { from, to })) {
      matrix[at * to + i] += weight;
    }
  }
  return tf.tensor3d(matrix, [1, from, to]);
}

function mend(kernelName: string, sources: Sources): void {
  replaceGradient<tf.ResizeBilinearAttrs>(kernelName, (stock) => ({
    ...stock,
    gradFunc: (dys, saved, attrs) => {
      if (!attrs.halfPixelCenters) return stock.gradFunc(dys, saved, attrs);
      const dy = firstOf(dys);
      const [images] = saved;
      const [batch, height, width, channels] = images.shape;
      const [, rows, columns] = dy.shape;
      return {
        images: () => {
          const alongRows = tf.matMul(
            gathering(sources, height, rows),
            tf.reshape(dy, [batch, rows, columns * channels]),
          );
          const alongColumns = tf.matMul(
            gathering(sources, width, columns),
            tf.reshape(alongRows, [batch * height, columns, channels]),
          );
          return tf.reshape(alongColumns, images.shape);
        },
      };
    },
  }));
}

/** Registers both gradients. */
export function mendHalfPixelResize(): void {
  mend("ResizeBilinear", bilinear);
  mend("ResizeNearestNeighbor", nearest);
}
