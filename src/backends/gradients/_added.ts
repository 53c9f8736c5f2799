/** Gradients of operations that move or multiply values, of which tfjs (4.22) has none. */

import * as tf from "@tensorflow/tfjs";
import {
  firstOf,
  registerGradient,
  replaceGradient,
  runKernel,
} from "../_engine.ts";

/** `values` added up where `places` in a flat tensor of `shape` says. */
function addAt(
  places: tf.Tensor,
  values: tf.Tensor,
  shape: number[],
): tf.Tensor {
  const size = tf.util.sizeFromShape(shape);
  const sums = tf.unsortedSegmentSum(
    tf.reshape(values, [values.size]),
    tf.reshape(tf.cast(places, "int32"), [places.size]) as tf.Tensor1D,
    size,
  );
  return tf.reshape(sums, shape);
}

/** A cut's gradient goes where the same cut of the places says. */
function addStridedSlice(): void {
  registerGradient({
    kernelName: "StridedSlice",
    inputsToSave: ["x"],
    gradFunc: (dys, [{ shape, size }], attrs) => ({
      x: () => {
        const places = tf.reshape(tf.range(0, size, 1, "int32"), shape);
        const taken = runKernel("StridedSlice", { x: places }, attrs);
        return addAt(taken, firstOf(dys), shape);
      },
    }),
  });
}

/** Places as rows of `depth` numbers, and what lies at each as one more axis. */
function asRows(indices: tf.Tensor, depth: number): tf.Tensor {
  return tf.reshape(indices, [indices.size / depth, depth]);
}

/** To gather and to scatter are each other's gradient. */
function addGatherAndScatter(): void {
  registerGradient({
    kernelName: "GatherNd",
    inputsToSave: ["params", "indices"],
    gradFunc: (dys, [{ shape }, indices]) => ({
      params: () => {
        const depth = indices.shape.at(-1)!;
        const rows = asRows(indices, depth);
        const dy = tf.reshape(firstOf(dys), [
          rows.shape[0],
          ...shape.slice(depth),
        ]);
        return tf.scatterND(rows, dy, shape);
      },
    }),
  });
  registerGradient({
    kernelName: "ScatterNd",
    inputsToSave: ["indices", "updates"],
    gradFunc: (dys, [indices, updates]) => ({
      updates: () => {
        // Of a list, each index is a place by itself.
        const depth = indices.shape.length > 1 ? indices.shape.at(-1)! : 1;
        const taken = tf.gatherND(firstOf(dys), asRows(indices, depth));
        return tf.reshape(taken, updates.shape);
      },
    }),
  });
}

/** What is written over has no part in the result. */
function addScatterUpdate(): void {
  registerGradient({
    kernelName: "TensorScatterUpdate",
    inputsToSave: ["indices", "updates"],
    gradFunc: (dys, [indices, { shape }]) => {
      const dy = firstOf(dys);
      return {
        tensor: () => tf.tensorScatterUpdate(dy, indices, tf.zeros(shape)),
        updates: () => tf.reshape(tf.gatherND(dy, indices), shape),
      };
    },
  });
}

/** The pixels of each block as channels again. */
function addDepthToSpace(): void {
  registerGradient<{ readonly blockSize: number }>({
    kernelName: "DepthToSpace",
    inputsToSave: ["x"],
    gradFunc: (dys, [{ shape }], { blockSize }) => ({
      x: () => {
        const [batch, height, width, channels] = shape;
        const rest = channels / blockSize ** 2;
        const blocks = tf.reshape(firstOf(dys), [
          ...[batch * height, blockSize, width],
          blockSize * rest,
        ]);
        return tf.reshape(tf.transpose(blocks, [0, 2, 1, 3]), shape);
      },
    }),
  });
}

/** The values of the largest go back to where they were. */
function addTopK(): void {
  registerGradient({
    kernelName: "TopK",
    inputsToSave: ["x"],
    outputsToSave: [false, true],
    gradFunc: (dys, [{ shape }, indices]) => ({
      x: () => {
        const length = shape.at(-1)!;
        const rows = tf.util.sizeFromShape(shape) / length;
        const starts = tf.range(0, rows * length, length, "int32");
        const places = tf.add(
          tf.reshape(indices, [rows, indices.shape.at(-1)!]),
          tf.reshape(starts, [rows, 1]),
        );
        return addAt(places, firstOf(dys), shape);
      },
    }),
  });
}

/**
 * The product of all before a factor, times what follows of it, which is added
 * up from the end: without a division, which a factor of 0 would not allow.
 */
function cumprodGradient(
  x: tf.Tensor,
  dy: tf.Tensor,
  { axis, exclusive }: { readonly axis: number; readonly exclusive: boolean },
): tf.Tensor {
  const factors = tf.unstack(x, axis);
  const slopes = tf.unstack(dy, axis);
  const after = factors.map((factor) => tf.zerosLike(factor));
  for (let i = factors.length - 1; i >= 0; i--) {
    const next = i + 1 < factors.length
      ? tf.mul(factors[i + 1], after[i + 1])
      : after[i];
    const own = exclusive ? slopes[i + 1] : slopes[i];
    after[i] = own ? tf.add(own, next) : next;
  }
  const before = tf.cumprod(x, axis, true);
  return tf.mul(before, tf.stack(after, axis));
}

/** Where values go changes in steps, also where it follows from other values. */
function addSegmentSteps(): void {
  replaceGradient("UnsortedSegmentSum", (stock) => ({
    ...stock,
    gradFunc: (dys, saved, attrs) => ({
      ...stock.gradFunc(dys, saved, attrs),
      segmentIds: () => tf.zeros(saved[0].shape),
    }),
  }));
}

function addCumprod(): void {
  registerGradient<tf.CumprodAttrs>({
    kernelName: "Cumprod",
    inputsToSave: ["x"],
    gradFunc: (dys, [x], { axis, exclusive, reverse }) => ({
      x: () => {
        if (x.size === 0) return tf.zerosLike(x);
        const turn = (y: tf.Tensor) => reverse ? tf.reverse(y, axis) : y;
        const gradient = cumprodGradient(turn(x), turn(firstOf(dys)), {
          axis,
          exclusive,
        });
        return turn(gradient);
      },
    }),
  });
}

/** What lies on the diagonal. */
function addDiag(): void {
  registerGradient({
    kernelName: "Diag",
    inputsToSave: ["x"],
    gradFunc: (dys, [{ shape, size }]) => ({
      x: () => {
        const square = tf.reshape(firstOf(dys), [size, size]);
        return tf.reshape(tf.sum(tf.mul(square, tf.eye(size)), 1), shape);
      },
    }),
  });
}

/** That of max pooling; where the largest lie changes in steps. */
function addMaxPoolWithArgmax(): void {
  registerGradient<tf.MaxPoolWithArgmaxAttrs>({
    kernelName: "MaxPoolWithArgmax",
    inputsToSave: ["x"],
    outputsToSave: [true, false],
    gradFunc: (dys, [input, output], { filterSize, strides, pad }) => ({
      x: () =>
        runKernel("MaxPoolGrad", { dy: firstOf(dys), input, output }, {
          ...{ filterSize, strides, pad },
        }),
    }),
  });
}

/** Registers them. */
export function addGradients(): void {
  addStridedSlice();
  addGatherAndScatter();
  addScatterUpdate();
  addDepthToSpace();
  addTopK();
  addSegmentSteps();
  addCumprod();
  addDiag();
  addMaxPoolWithArgmax();
}
