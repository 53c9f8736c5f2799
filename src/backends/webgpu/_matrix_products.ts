/** What tfjs's WebGPU kernels for products of matrices get wrong, mended. */

import * as tf from "@tensorflow/tfjs";
import type { TrainingBackend } from "./_backend.ts";

/**
 * Products of as many matrices on both sides: where one has fewer along an axis,
 * tfjs's own repeats them in another order, and it fails where there is nothing.
 */
export function ofAsManyMatrices(stock: tf.KernelFunc): tf.KernelFunc {
  return (call) => {
    const { a, b } = call.inputs as Record<string, tf.TensorInfo>;
    const { transposeA, transposeB } = call
      .attrs as unknown as tf.BatchMatMulAttrs;
    const webgpu = call.backend as TrainingBackend;
    const counts = [a, b].map(({ shape }) => shape.slice(0, -2));
    const batch = tf.broadcast_util.assertAndGetBroadcastShape(
      counts[0],
      counts[1],
    );
    const rows = a.shape.at(transposeA ? -1 : -2)!;
    const columns = b.shape.at(transposeB ? -2 : -1)!;
    const shape = [...batch, rows, columns];
    if (tf.util.sizeFromShape(shape) === 0) {
      return webgpu.allocate(shape);
    }
    if (a.shape.at(transposeA ? -2 : -1) === 0) {
      // A sum of nothing is the product of zeros.
      const zeros = [a, b].map((_, i) => {
        const [first, second] = i === 0 ? [rows, 1] : [1, columns];
        const isTransposed = i === 0 ? transposeA : transposeB;
        const matrix = isTransposed ? [second, first] : [first, second];
        const size = [...batch, ...matrix];
        const zero = webgpu.makeTensorInfo(size, "float32");
        webgpu.tensorMap.get(zero.dataId).values = new Float32Array(
          tf.util.sizeFromShape(size),
        );
        return zero;
      });
      const inputs = { ...call.inputs, a: zeros[0], b: zeros[1] };
      const product = stock({ ...call, inputs });
      zeros.forEach(({ dataId }) => webgpu.disposeData(dataId));
      return product;
    }
    const isOne = counts.every((count) => tf.util.sizeFromShape(count) === 1);
    if (isOne || counts.every((c) => tf.util.arraysEqual(c, batch))) {
      return stock(call);
    }
    const made: tf.TensorInfo[] = [];
    const repeated = [a, b].map((x, i) => {
      if (tf.util.arraysEqual(counts[i], batch)) return x;
      const result = broadcastTo(webgpu, x, [...batch, ...x.shape.slice(-2)]);
      made.push(result);
      return result;
    });
    const product = stock({
      ...call,
      inputs: { ...call.inputs, a: repeated[0], b: repeated[1] },
    });
    made.forEach(({ dataId }) => webgpu.disposeData(dataId));
    return product;
  };
}

/** A tensor repeated along the axes where it is of length 1. */
function broadcastTo(
  backend: TrainingBackend,
  x: tf.TensorInfo,
  shape: number[],
): tf.TensorInfo {
  const own = [...Array(shape.length - x.shape.length).fill(1), ...x.shape];
  const tile = tf.getKernel("Tile", "webgpu").kernelFunc;
  // Axis by axis, as a shader tiles no more than six.
  let result = x;
  own.forEach((length, axis) => {
    const times = shape[axis] / length;
    if (times === 1) return;
    const next = tile({
      inputs: {
        x: {
          ...result,
          shape: [
            tf.util.sizeFromShape(shape.slice(0, axis)),
            tf.util.sizeFromShape(own.slice(axis)),
          ],
        },
      },
      attrs: { reps: [1, times] },
      backend,
    }) as tf.TensorInfo;
    if (result !== x) backend.disposeData(result.dataId);
    result = next;
  });
  return { ...result, shape };
}
