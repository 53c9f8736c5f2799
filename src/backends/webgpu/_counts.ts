/** How often numbers occur, where tfjs's WebGPU kernels (in version 4.22) miscount. */

import * as tf from "@tensorflow/tfjs";
import { type Own, replace, run } from "./_mend_kernel.ts";

/** Counts over all of a tensor; the shader takes one dimension. */
function ofFlatNumbers(
  stock: Own<tf.BincountInputs, tf.BincountAttrs>,
): typeof stock {
  return (call) => {
    const { inputs: { x, weights }, attrs, backend } = call;
    const shape = [tf.util.sizeFromShape(x.shape)];
    const hasWeights = tf.util.sizeFromShape(weights.shape) > 0;
    return stock({
      inputs: {
        x: { ...x, shape },
        weights: hasWeights ? { ...weights, shape } : weights,
      },
      attrs,
      backend,
    });
  };
}

/**
 * Counts over each row. The shader looks at as many numbers of a row as there are
 * to count, and its driver refuses the one that says whether any occurs.
 */
function rowByRow(): Own<tf.DenseBincountInputs, tf.DenseBincountAttrs> {
  return ({ inputs: { x, weights }, attrs, backend }) => {
    const { size, binaryOutput } = attrs;
    const [rows, length] = x.shape.length === 1 ? [1, ...x.shape] : x.shape;
    const hasWeights = !binaryOutput &&
      tf.util.sizeFromShape(weights.shape) > 0;
    const none = backend.makeTensorInfo([0], "float32", new Float32Array());
    const rowOf = (tensor: tf.TensorInfo, row: number) =>
      run(backend, "Slice", {
        inputs: { x: { ...tensor, shape: [rows * length] } },
        attrs: { begin: [row * length], size: [length] },
      });
    const counts = Array.from({ length: rows }, (_, row) => {
      const numbers = rowOf(x, row);
      const weighted = hasWeights ? rowOf(weights, row) : none;
      const count = run(backend, "Bincount", {
        inputs: { x: numbers, weights: weighted },
        attrs: { size },
      });
      backend.disposeData(numbers.dataId);
      if (hasWeights) backend.disposeData(weighted.dataId);
      return count;
    });
    const all = run(backend, "Concat", { inputs: counts, attrs: { axis: 0 } });
    counts.forEach(({ dataId }) => backend.disposeData(dataId));
    backend.disposeData(none.dataId);
    const shape = x.shape.length === 1 ? [size] : [rows, size];
    if (!binaryOutput) return { ...all, shape };
    const one = backend.makeTensorInfo([], "float32", Float32Array.of(1));
    const any = run(backend, "Minimum", { inputs: { a: all, b: one } });
    [all, one].forEach(({ dataId }) => backend.disposeData(dataId));
    return { ...any, shape };
  };
}

/** Registers them in the place of tfjs's. */
export function mendCounts(): void {
  replace("Bincount", ofFlatNumbers);
  replace("DenseBincount", rowByRow);
}
