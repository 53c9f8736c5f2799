/** What tfjs's WebGPU kernels get wrong (in version 4.22), mended. */

import * as tf from "@tensorflow/tfjs";
import { mendConv3D } from "../windows/conv3d_same.ts";
import { denseSlice } from "../kernels/dense_slices.ts";
import { replaceFloorDiv } from "../kernels/floor_div.ts";
import { replaceResizeOfWhole } from "../kernels/resize_whole_images.ts";
import { replacePool3D } from "../windows/pool3d.ts";
import { mendCounts } from "./_counts.ts";
import { mendIndexingKernels } from "./_indexing_shaders.ts";
import { mendHighRanks } from "./_high_ranks.ts";
import { mendLargeBatches } from "./_large_batches.ts";
import { ofAsManyMatrices } from "./_matrix_products.ts";
import { type OfX, type Own, replace, run } from "./_mend_kernel.ts";
import { mendBatchesOfNone } from "./_of_none.ts";
import { mendOnePixelWindows } from "./_one_pixel_windows.ts";
import type { Program } from "./_open_backend.ts";
import { mendReductions } from "./_reductions.ts";
import { mendSparseSegments } from "./_sparse_segments.ts";
import { mendTopKKernel } from "./_top_k.ts";
import { mendTransforms } from "./_transforms.ts";

let mended = false;

/** Registers the mended kernels in the place of tfjs's, once. */
export function mendWebGPUKernels(): void {
  if (mended) return;
  mended = true;
  replace("AddN", addInGroups);
  replace("Relu6", keepNaN);
  replace("UnsortedSegmentSum", ofFlatSegments);
  mendCounts();
  replace("LinSpace", ofOneNumber);
  mendReductions();
  mendLargeBatches();
  replace("BatchMatMul", ofAsManyMatrices);
  replace("_FusedMatMul", ofAsManyMatrices);
  ["_FusedMatMul", "FusedConv2D", "FusedDepthwiseConv2D"].forEach((name) =>
    replace<object, Activated>(name, keepNaNAfter)
  );
  replace("ResizeBilinearGrad", ofOnePixel);
  replace("ResizeNearestNeighborGrad", ofOnePixel);
  replace("StridedSlice", ofEveryDimension);
  replace("Square", ofWholeNumbers);
  replace("SquaredDifference", ofWholeNumbers);
  mendHighRanks();
  mendIndexingKernels();
  mendSparseSegments();
  mendTopKKernel();
  mendTransforms();
  mendOnePixelWindows();
  replaceFloorDiv("webgpu");
  replaceResizeOfWhole("webgpu");
  replacePool3D("webgpu");
  mendConv3D("webgpu");
  mendBatchesOfNone();
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

/** The shader's `clamp` makes 0 of NaN; `Relu` and `Minimum` keep it. */
function keepNaN(): Own<OfX> {
  return ({ inputs, backend }) => {
    const cut = run(backend, "Relu", { inputs });
    // Of whole numbers, the least is one.
    const most = cut.dtype === "int32" ? Int32Array.of(6) : Float32Array.of(6);
    const six = backend.makeTensorInfo([], cut.dtype, most);
    const result = run(backend, "Minimum", { inputs: { a: cut, b: six } });
    backend.disposeData(cut.dataId);
    backend.disposeData(six.dataId);
    return result;
  };
}

/** Squares of whole numbers as their product, where the shaders take floats. */
function ofWholeNumbers(
  stock: Own<Record<string, tf.TensorInfo>>,
): typeof stock {
  return (call) => {
    const { inputs, backend } = call;
    const { a, b } = inputs;
    const whole = Object.values(inputs).every(({ dtype }) => dtype === "int32");
    if (!whole) return stock(call);
    const x = inputs.x ?? run(backend, "Sub", { inputs: { a, b } });
    const square = run(backend, "Multiply", { inputs: { a: x, b: x } });
    if (x !== inputs.x) backend.disposeData(x.dataId);
    return square;
  };
}

interface Activated {
  readonly activation?: string;
}

/** The same for what ends in `relu6`, which then runs by itself. */
function keepNaNAfter(stock: Own<object, Activated>): typeof stock {
  return (call) => {
    const { attrs, backend } = call;
    if (attrs.activation !== "relu6") return stock(call);
    const x = stock({ ...call, attrs: { ...attrs, activation: "linear" } });
    const result = run(backend, "Relu6", { inputs: { x } });
    backend.disposeData(x.dataId);
    return result;
  };
}

/** Segments of more than one dimension, as one; the shader counts one. */
function ofFlatSegments(
  stock: Own<tf.UnsortedSegmentSumInputs, tf.UnsortedSegmentSumAttrs>,
): typeof stock {
  return (call) => {
    const { inputs: { x, segmentIds }, attrs, backend } = call;
    if (segmentIds.shape.length === 1) return stock(call);
    const rest = x.shape.slice(segmentIds.shape.length);
    const count = tf.util.sizeFromShape(segmentIds.shape);
    return stock({
      inputs: {
        x: { ...x, shape: [count, ...rest] },
        segmentIds: { ...segmentIds, shape: [count] },
      },
      attrs,
      backend,
    });
  };
}

/** Slices of every dimension, of which tfjs's own is right. */
function ofEveryDimension(
  stock: Own<tf.StridedSliceInputs, tf.StridedSliceAttrs>,
): typeof stock {
  return (call) => {
    const { attrs, shape } = denseSlice(call.inputs.x.shape, call.attrs);
    return { ...stock({ ...call, attrs }), shape };
  };
}

/** The step of no second number is 0 / 0 in tfjs's own. */
function ofOneNumber(
  stock: Own<object, tf.LinSpaceAttrs>,
): typeof stock {
  return (call) => {
    const { attrs: { start, num }, backend } = call;
    return num === 1
      ? backend.makeTensorInfo([1], "float32", Float32Array.of(start))
      : stock(call);
  };
}

/**
 * With the corners aligned, an image of one pixel along an axis is repeated
 * along it: its gradient is that of the sum, by which tfjs's own would divide.
 */
function ofOnePixel(
  stock: Own<tf.ResizeBilinearGradInputs, { alignCorners: boolean }>,
): typeof stock {
  return (call) => {
    const { inputs: { images, dy }, attrs, backend } = call;
    const axis = [1, 2].filter((axis) =>
      images.shape[axis] === 1 && dy.shape[axis] > 1
    );
    if (!attrs.alignCorners || axis.length === 0) return stock(call);
    const sum = run(backend, "Sum", {
      inputs: { x: dy },
      attrs: { axis, keepDims: true },
    });
    const result = stock({ ...call, inputs: { images, dy: sum } });
    backend.disposeData(sum.dataId);
    return result;
  };
}
