/** Reductions where tfjs's WebGPU kernels (in version 4.22) get them wrong. */

import * as tf from "@tensorflow/tfjs";
import { axisOf, type ReductionAttrs } from "../kernels/reduction_attrs.ts";
import { type OfX, type Own, replace, run } from "./_mend_kernel.ts";

/**
 * `Prod` of a small tensor, which the processor computes, forgets the
 * dimensions of length 1 that it should keep.
 */
function keepDimensions(
  stock: Own<OfX, tf.ProdAttrs>,
): Own<OfX, tf.ProdAttrs> {
  return (call) => {
    const product = stock(call);
    const { axis, keepDims } = call.attrs;
    if (!keepDims) return product;
    const { shape } = call.inputs.x;
    const axes = tf.util.parseAxisParam(axis, shape);
    return {
      ...product,
      shape: shape.map((length, i) => axes.includes(i) ? 1 : length),
    };
  };
}

/** What reductions give of no values at all. */
const OF_NONE: Readonly<Record<string, number>> = {
  Sum: 0,
  Prod: 1,
  Any: 0,
  All: 1,
  Max: -Infinity,
  Min: Infinity,
  Mean: NaN,
};

/**
 * Reductions transpose what they reduce, by that shader. Of a vector without
 * values, tfjs's own computes the shape to be NaN.
 */
function overLastAxes(
  stock: Own<OfX, ReductionAttrs>,
  name: string,
): Own<OfX, ReductionAttrs> {
  return (call) => {
    const { inputs: { x }, attrs, backend } = call;
    const { keepDims } = attrs;
    const { shape } = x;
    const axes = tf.util.parseAxisParam(axisOf(attrs), shape);
    if (tf.util.sizeFromShape(shape) === 0) {
      const left = shape.flatMap((length, i) =>
        !axes.includes(i) ? [length] : keepDims ? [1] : []
      );
      const size = tf.util.sizeFromShape(left);
      const dtype = name === "Mean"
        ? "float32"
        : x.dtype === "bool" && (name === "Sum" || name === "Prod")
        ? "int32"
        : x.dtype;
      const values = tf.util.getTypedArrayFromDType(dtype as "float32", size);
      const [least, most] = [-(2 ** 31), 2 ** 31 - 1];
      const ofNone = dtype === "int32"
        ? Math.min(Math.max(OF_NONE[name], least), most)
        : OF_NONE[name];
      return backend.makeTensorInfo(left, dtype, values.fill(ofNone));
    }
    const perm = tf.backend_util.getAxesPermutation(axes, shape.length);
    if (x.dtype === "float32" || !perm) return stock(call);
    const moved = run(backend, "Transpose", { inputs: { x }, attrs: { perm } });
    const last = tf.backend_util.getInnerMostAxes(axes.length, shape.length);
    const result = stock({
      inputs: { x: moved },
      attrs: { axis: last, reductionIndices: last, keepDims: false },
      backend,
    });
    backend.disposeData(moved.dataId);
    return keepDims
      ? {
        ...result,
        shape: tf.backend_util.expandShapeToKeepDim(result.shape, axes),
      }
      : result;
  };
}

/** The largest of bools is one; tfjs's own calls it a whole number. */
function ofBools(stock: Own<OfX, ReductionAttrs>): typeof stock {
  return (call) => {
    const result = stock(call);
    if (call.inputs.x.dtype !== "bool" || result.dtype === "bool") {
      return result;
    }
    const bools = run(call.backend, "Cast", {
      inputs: { x: result },
      attrs: { dtype: "bool" },
    });
    call.backend.disposeData(result.dataId);
    return bools;
  };
}

/** Registers them in the place of tfjs's. */
export function mendReductions(): void {
  replace("Prod", keepDimensions);
  Object.keys(OF_NONE).forEach((name) =>
    replace<OfX, ReductionAttrs>(name, (stock) => overLastAxes(stock, name))
  );
  ["Max", "Min"].forEach((name) => replace<OfX, ReductionAttrs>(name, ofBools));
}
