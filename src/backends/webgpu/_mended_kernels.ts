/** What tfjs's WebGPU kernels get wrong (in version 4.22), mended. */

import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { mendConv3D } from "../conv3d_same.ts";
import { replacePool3D } from "../pool3d.ts";
import { ofAsManyMatrices } from "./_matrix_products.ts";
import type { Program } from "./_open_backend.ts";

let mended = false;

/** Registers the mended kernels in the place of tfjs's, once. */
export function mendWebGPUKernels(): void {
  if (mended) return;
  mended = true;
  replace("AddN", addInGroups);
  replace("Prod", keepDimensions);
  replace("Relu6", keepNaN);
  replace("Transpose", asFloats);
  Object.keys(OF_NONE).forEach((name) =>
    replace(name, (stock) => overLastAxes(stock, name))
  );
  replace("BatchMatMul", ofAsManyMatrices);
  replace("_FusedMatMul", ofAsManyMatrices);
  ["_FusedMatMul", "FusedConv2D", "FusedDepthwiseConv2D"].forEach((name) =>
    replace(name, keepNaNAfter)
  );
  replace("ResizeBilinearGrad", ofOnePixel);
  replace("ResizeNearestNeighborGrad", ofOnePixel);
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
    const product = stock(call) as tf.TensorInfo;
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

/** The same for what ends in `relu6`, which then runs by itself. */
function keepNaNAfter(stock: tf.KernelFunc): tf.KernelFunc {
  return (call) => {
    if (call.attrs?.activation !== "relu6") return stock(call);
    const attrs = { ...call.attrs, activation: "linear" };
    const x = stock({ ...call, attrs }) as tf.TensorInfo;
    const result = tf.getKernel("Relu6", "webgpu").kernelFunc({
      inputs: { x },
      attrs: {},
      backend: call.backend,
    });
    (call.backend as WebGPUBackend).disposeData(x.dataId);
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

/** What reductions give of no values at all. */
const OF_NONE: Readonly<Record<string, number>> = {
  Sum: 0,
  Prod: 1,
  Any: 0,
  All: 1,
};

/**
 * Reductions transpose what they reduce, by that shader. Of a vector without
 * values, tfjs's own computes the shape to be NaN.
 */
function overLastAxes(stock: tf.KernelFunc, name: string): tf.KernelFunc {
  return (call) => {
    const x = call.inputs.x!;
    const { axis, keepDims } = call.attrs as unknown as tf.SumAttrs;
    const { shape } = x;
    const axes = tf.util.parseAxisParam(axis, shape);
    if (tf.util.sizeFromShape(shape) === 0) {
      const left = shape.flatMap((length, i) =>
        !axes.includes(i) ? [length] : keepDims ? [1] : []
      );
      const size = tf.util.sizeFromShape(left);
      const dtype = x.dtype === "bool" && (name === "Sum" || name === "Prod")
        ? "int32"
        : x.dtype;
      const values = tf.util.getTypedArrayFromDType(dtype as "float32", size);
      return (call.backend as WebGPUBackend).makeTensorInfo(
        left,
        dtype,
        values.fill(OF_NONE[name]),
      );
    }
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

/**
 * With the corners aligned, an image of one pixel along an axis is repeated
 * along it: its gradient is that of the sum, by which tfjs's own would divide.
 */
function ofOnePixel(stock: tf.KernelFunc): tf.KernelFunc {
  return (call) => {
    const { images, dy } = call.inputs as Record<string, tf.TensorInfo>;
    const axes = [1, 2].filter((axis) =>
      images.shape[axis] === 1 && dy.shape[axis] > 1
    );
    if (!call.attrs?.alignCorners || axes.length === 0) return stock(call);
    const sum = tf.getKernel("Sum", "webgpu").kernelFunc({
      inputs: { x: dy },
      attrs: { axis: axes, keepDims: true },
      backend: call.backend,
    }) as tf.TensorInfo;
    const result = stock({ ...call, inputs: { images, dy: sum } });
    (call.backend as WebGPUBackend).disposeData(sum.dataId);
    return result;
  };
}
