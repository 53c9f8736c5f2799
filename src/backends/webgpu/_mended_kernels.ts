/** What tfjs's WebGPU kernels get wrong (in version 4.22), mended. */

import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
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

function replace(
  name: string,
  mend: (stock: tf.KernelFunc) => tf.KernelFunc,
): void {
  const kernel = tf.getKernel(name, "webgpu");
  tf.unregisterKernel(name, "webgpu");
  tf.registerKernel({ ...kernel, kernelFunc: mend(kernel.kernelFunc) });
}

/**
 * A shader can bind a handful of buffers (8 by default), and `AddN` binds all
 * its terms: past that the driver refuses it and the sum is zeros.
 */
function addInGroups(stock: tf.KernelFunc): tf.KernelFunc {
  return ({ inputs, backend, attrs }) => {
    const webgpu = backend as WebGPUBackend;
    const terms = inputs as unknown as tf.TensorInfo[];
    const add = (group: tf.TensorInfo[]) =>
      stock({
        inputs: group as unknown as tf.NamedTensorInfoMap,
        backend,
        attrs,
      }) as tf.TensorInfo;
    // One binding is the result's.
    const most = webgpu.device.limits.maxStorageBuffersPerShaderStage - 1;
    let sum = add(terms.slice(0, most));
    for (let i = most; i < terms.length; i += most - 1) {
      const next = add([sum, ...terms.slice(i, i + most - 1)]);
      webgpu.disposeData(sum.dataId);
      sum = next;
    }
    return sum;
  };
}

/**
 * `Prod` of a small tensor, which the processor computes, forgets the
 * dimensions of length 1 that it should keep.
 */
function keepDimensions(stock: tf.KernelFunc): tf.KernelFunc {
  return (call) => {
    const product = stock(call);
    const { axis, keepDims } = call.attrs as {
      axis: number | number[];
      keepDims: boolean;
    };
    if (!keepDims) return product;
    const { shape } = call.inputs.x!;
    const axes = tf.util.parseAxisParam(axis, shape);
    return {
      ...product,
      shape: shape.map((length, i) => axes.includes(i) ? 1 : length),
    };
  };
}

/** The place of the largest of a vector is one number; tfjs's is a vector. */
function dropDimension(stock: tf.KernelFunc): tf.KernelFunc {
  return (call) => {
    const result = stock(call);
    return call.inputs.x!.shape.length === 1
      ? { ...result, shape: [] }
      : result;
  };
}

/** The shader's `clamp` makes 0 of NaN; `Relu` and `Minimum` keep it. */
function keepNaN(): tf.KernelFunc {
  return ({ inputs, backend }) => {
    const webgpu = backend as WebGPUBackend;
    const run = (name: string, inputs: tf.NamedTensorInfoMap) =>
      tf.getKernel(name, "webgpu").kernelFunc({
        inputs,
        attrs: {},
        backend,
      }) as tf.TensorInfo;
    const cut = run("Relu", inputs);
    const six = webgpu.makeTensorInfo([], "float32", new Float32Array([6]));
    const result = run("Minimum", { a: cut, b: six });
    webgpu.disposeData(cut.dataId);
    webgpu.disposeData(six.dataId);
    return result;
  };
}

/**
 * The shader of a transposition stores floats alone. Of whole numbers the driver
 * refuses it, and the result is what was in memory. A cast to floats leaves them
 * whole numbers on the GPU, but a product does not.
 */
function asFloats(stock: tf.KernelFunc): tf.KernelFunc {
  return (call) => {
    const x = call.inputs.x!;
    const webgpu = call.backend as WebGPUBackend;
    const stored = webgpu.tensorMap.get(x.dataId).dtype;
    if (stored !== "int32" && stored !== "bool") return stock(call);
    const run = (name: string, inputs: tf.NamedTensorInfoMap, attrs = {}) =>
      tf.getKernel(name, "webgpu").kernelFunc({
        inputs,
        attrs,
        backend: webgpu,
      }) as tf.TensorInfo;
    const one = webgpu.makeTensorInfo([], "float32", new Float32Array([1]));
    const floats = run("Multiply", { a: x, b: one });
    const moved = stock({ ...call, inputs: { x: floats } }) as tf.TensorInfo;
    webgpu.disposeData(one.dataId);
    webgpu.disposeData(floats.dataId);
    if (x.dtype === "float32") return moved;
    const result = run("Cast", { x: moved }, { dtype: x.dtype });
    webgpu.disposeData(moved.dataId);
    return result;
  };
}

/** Reductions transpose what they reduce, by that shader. */
function overLastAxes(stock: tf.KernelFunc): tf.KernelFunc {
  return (call) => {
    const x = call.inputs.x!;
    const { axis, keepDims } = call.attrs as unknown as tf.SumAttrs;
    const { shape } = x;
    const axes = tf.util.parseAxisParam(axis, shape);
    const perm = tf.backend_util.getAxesPermutation(axes, shape.length);
    if (x.dtype === "float32" || !perm) return stock(call);
    const { backend } = call;
    const moved = tf.getKernel("Transpose", "webgpu").kernelFunc({
      inputs: { x },
      attrs: { perm },
      backend,
    }) as tf.TensorInfo;
    const result = stock({
      inputs: { x: moved },
      attrs: {
        axis: tf.backend_util.getInnerMostAxes(axes.length, shape.length),
        keepDims: false,
      },
      backend,
    }) as tf.TensorInfo;
    (backend as WebGPUBackend).disposeData(moved.dataId);
    return keepDims
      ? {
        ...result,
        shape: tf.backend_util.expandShapeToKeepDim(result.shape, axes),
      }
      : result;
  };
}
