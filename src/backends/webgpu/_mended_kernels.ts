/** What tfjs's WebGPU kernels get wrong (in version 4.22), mended. */

import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { type Kernel, registeredKernel, replaceKernel } from "../_kernels.ts";
import { mendConv3D } from "../conv3d_same.ts";
import { replacePool3D } from "../pool3d.ts";
import type { Program } from "./_open_backend.ts";

let mended = false;

/** Registers the mended kernels in the place of tfjs's, once. */
export function mendWebGPUKernels(): void {
  if (mended) return;
  mended = true;
  replace("AddN", addInGroups);
  replace("Prod", keepDimensions);
  replace("ArgMax", dropDimension);
  replace("ArgMin", dropDimension);
  replace("Relu6", keepNaN);
  replace("Transpose", asFloats);
  ["Sum", "Prod", "Any", "All"].forEach((name) => replace(name, overLastAxes));
  replacePool3D("webgpu");
  mendConv3D("webgpu");
}

/**
 * The name under which a program's shader is kept, made unique. The shader of a
 * cumulative sum contains the length of its axis, and its name does not: a sum
 * over 3 would be used for the next one, over 2.
 */
export function mendShaderKey(program: Program): void {
  if (program.shaderKey.startsWith("cum_")) {
    program.shaderKey += `_${program.outputShape.at(-1)}`;
  }
}

type Own<Inputs, Attrs = object> = Kernel<Inputs, Attrs, WebGPUBackend>;
type OfX = Pick<tf.NamedTensorInfoMap, "x">;

function replace<Inputs, Attrs>(
  name: string,
  mend: (stock: Own<Inputs, Attrs>) => Own<Inputs, Attrs>,
): void {
  replaceKernel(name, "webgpu", mend);
}

/** Runs another kernel of the backend. */
function run(
  backend: WebGPUBackend,
  name: string,
  call: { inputs: Record<string, tf.TensorInfo>; attrs?: object },
): tf.TensorInfo {
  return registeredKernel(name, "webgpu")({ attrs: {}, ...call, backend });
}

/**
 * A shader can bind a handful of buffers (8 by default), and `AddN` binds all
 * its terms: past that the driver refuses it and the sum is zeros.
 */
function addInGroups(
  stock: Own<readonly tf.TensorInfo[]>,
): Own<readonly tf.TensorInfo[]> {
  return ({ inputs: terms, backend, attrs }) => {
    const add = (group: readonly tf.TensorInfo[]) =>
      stock({ inputs: group, backend, attrs });
    // One binding is the result's.
    const most = backend.device.limits.maxStorageBuffersPerShaderStage - 1;
    let sum = add(terms.slice(0, most));
    for (let i = most; i < terms.length; i += most - 1) {
      const next = add([sum, ...terms.slice(i, i + most - 1)]);
      backend.disposeData(sum.dataId);
      sum = next;
    }
    return sum;
  };
}

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

/** The place of the largest of a vector is one number; tfjs's is a vector. */
function dropDimension(stock: Own<OfX>): Own<OfX> {
  return (call) => {
    const result = stock(call);
    return call.inputs.x.shape.length === 1 ? { ...result, shape: [] } : result;
  };
}

/** The shader's `clamp` makes 0 of NaN; `Relu` and `Minimum` keep it. */
function keepNaN(): Own<OfX> {
  return ({ inputs, backend }) => {
    const cut = run(backend, "Relu", { inputs });
    const six = backend.makeTensorInfo([], "float32", new Float32Array([6]));
    const result = run(backend, "Minimum", { inputs: { a: cut, b: six } });
    backend.disposeData(cut.dataId);
    backend.disposeData(six.dataId);
    return result;
  };
}

/**
 * The shader of a transposition stores floats alone. Of whole numbers the driver
 * refuses it, and the result is what was in memory. A cast to floats leaves them
 * whole numbers on the GPU, but a product does not.
 */
function asFloats(stock: Own<OfX>): Own<OfX> {
  return (call) => {
    const { inputs: { x }, backend } = call;
    const stored = backend.tensorMap.get(x.dataId).dtype;
    if (stored !== "int32" && stored !== "bool") return stock(call);
    const one = backend.makeTensorInfo([], "float32", new Float32Array([1]));
    const floats = run(backend, "Multiply", { inputs: { a: x, b: one } });
    const moved = stock({ ...call, inputs: { x: floats } });
    backend.disposeData(one.dataId);
    backend.disposeData(floats.dataId);
    if (x.dtype === "float32") return moved;
    const result = run(backend, "Cast", {
      inputs: { x: moved },
      attrs: { dtype: x.dtype },
    });
    backend.disposeData(moved.dataId);
    return result;
  };
}

/** Reductions transpose what they reduce, by that shader. */
function overLastAxes(
  stock: Own<OfX, tf.SumAttrs>,
): Own<OfX, tf.SumAttrs> {
  return (call) => {
    const { inputs: { x }, attrs, backend } = call;
    const { axis, keepDims } = attrs;
    const { shape } = x;
    const axes = tf.util.parseAxisParam(axis, shape);
    const perm = tf.backend_util.getAxesPermutation(axes, shape.length);
    if (x.dtype === "float32" || !perm) return stock(call);
    const moved = run(backend, "Transpose", { inputs: { x }, attrs: { perm } });
    const last = tf.backend_util.getInnerMostAxes(axes.length, shape.length);
    const result = stock({
      inputs: { x: moved },
      attrs: { axis: last, keepDims: false },
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
