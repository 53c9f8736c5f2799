/** Products of matrices: what tfjs's WebGPU kernels get wrong, mended. */

import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { type Kernel, registeredKernel } from "../_kernels.ts";
import { asConvolution } from "./_product_as_convolution.ts";

type Products = Kernel<
  tf.BatchMatMulInputs,
  tf.BatchMatMulAttrs,
  WebGPUBackend
>;

/**
 * Products of as many matrices on both sides: where one has fewer along an axis,
 * tfjs's own repeats them in another order, and it fails where there is nothing.
 */
export function ofAsManyMatrices(stock: Products): Products {
  return (call) => {
    const { inputs: { a, b }, attrs, backend } = call;
    const { transposeA, transposeB } = attrs;
    const [ofA, ofB] = [a, b].map(({ shape }) => shape.slice(0, -2));
    const batch = tf.broadcast_util.assertAndGetBroadcastShape(ofA, ofB);
    const rows = a.shape.at(transposeA ? -1 : -2)!;
    const columns = b.shape.at(transposeB ? -2 : -1)!;
    const [inner, other] = [
      a.shape.at(transposeA ? -2 : -1),
      b.shape.at(transposeB ? -1 : -2),
    ];
    tf.util.assert(
      inner === other,
      () =>
        `Cannot multiply matrices as their inner sizes must be equal: current shapes are [${a.shape}] and [${b.shape}]`,
    );
    const shape = [...batch, rows, columns];
    if (tf.util.sizeFromShape(shape) === 0) {
      return zeros(backend, shape);
    }
    /** The product of others, which are released. */
    const productOf = (left: tf.TensorInfo, right: tf.TensorInfo) => {
      const inputs = { ...call.inputs, a: left, b: right };
      const product = stock({ ...call, inputs });
      if (left !== a) backend.disposeData(left.dataId);
      if (right !== b) backend.disposeData(right.dataId);
      return product;
    };
    if (inner === 0) {
      // A sum of nothing is the product of zeros.
      return productOf(
        zeros(backend, [...batch, ...transposeA ? [1, rows] : [rows, 1]]),
        zeros(backend, [...batch, ...transposeB ? [columns, 1] : [1, columns]]),
      );
    }
    const isOne = tf.util.sizeFromShape(batch) === 1;
    return isOne ? asConvolution(call, shape) ?? stock(call) : productOf(
      broadcastTo(backend, a, [...batch, ...a.shape.slice(-2)]),
      broadcastTo(backend, b, [...batch, ...b.shape.slice(-2)]),
    );
  };
}

function zeros(backend: WebGPUBackend, shape: number[]): tf.TensorInfo {
  const values = new Float32Array(tf.util.sizeFromShape(shape));
  return backend.makeTensorInfo(shape, "float32", values);
}

/** A tensor repeated along the axes where it is of length 1. */
function broadcastTo(
  backend: WebGPUBackend,
  x: tf.TensorInfo,
  shape: number[],
): tf.TensorInfo {
  const own = [...Array(shape.length - x.shape.length).fill(1), ...x.shape];
  const tile = registeredKernel("Tile", "webgpu");
  // Axis by axis, as a shader tiles no more than six.
  let result = x;
  own.forEach((length, axis) => {
    const times = shape[axis] / length;
    if (times === 1) return;
    const outer = tf.util.sizeFromShape(shape.slice(0, axis));
    const inner = tf.util.sizeFromShape(own.slice(axis));
    const next = tile({
      inputs: { x: { ...result, shape: [outer, inner] } },
      attrs: { reps: [1, times] },
      backend,
    });
    if (result !== x) backend.disposeData(result.dataId);
    result = next;
  });
  return result === x ? x : { ...result, shape };
}
