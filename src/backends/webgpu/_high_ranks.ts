/**
 * Kernels of tfjs's WebGPU backend (in version 4.22) whose shaders count four
 * dimensions or five, for tensors of more.
 */

import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { type Own, replace } from "./_mend_kernel.ts";

/** More dimensions than this are joined first. */
const MOST = 4;

/** An axis between all before it and all after it. */
function around(shape: readonly number[], axis: number): number[] {
  return [
    tf.util.sizeFromShape(shape.slice(0, axis)),
    shape[axis],
    tf.util.sizeFromShape(shape.slice(axis + 1)),
  ];
}

/** Runs `step` for each axis on what the one before it gave, as three dimensions. */
function axisByAxis(
  backend: WebGPUBackend,
  x: tf.TensorInfo,
  { axes, step }: {
    readonly axes: readonly number[];
    readonly step: (x: tf.TensorInfo, axis: number) => tf.TensorInfo;
  },
): tf.TensorInfo {
  if (axes.length === 0) {
    backend.incRef(x.dataId);
    return { ...x };
  }
  let shape = [...x.shape];
  let moved = x;
  for (const axis of axes) {
    const next = step({ ...moved, shape: around(shape, axis) }, axis);
    if (moved !== x) backend.disposeData(moved.dataId);
    shape = shape.map((length, i) => i === axis ? next.shape[1] : length);
    moved = next;
  }
  return { ...moved, shape };
}

function reverse(
  stock: Own<tf.ReverseInputs, tf.ReverseAttrs>,
): typeof stock {
  return (call) => {
    const { inputs: { x }, attrs, backend } = call;
    if (x.shape.length <= MOST) return stock(call);
    return axisByAxis(backend, x, {
      axes: tf.util.parseAxisParam(attrs.dims, x.shape),
      step: (x) => stock({ inputs: { x }, attrs: { dims: [1] }, backend }),
    });
  };
}

function pad(stock: Own<tf.PadV2Inputs, tf.PadV2Attrs>): typeof stock {
  return (call) => {
    const { inputs: { x }, attrs: { paddings, constantValue }, backend } = call;
    if (x.shape.length <= MOST) return stock(call);
    const axes = paddings.flatMap((ends, axis) =>
      ends.some((length) => length > 0) ? [axis] : []
    );
    return axisByAxis(backend, x, {
      axes,
      step: (x, axis) =>
        stock({
          inputs: { x },
          attrs: { paddings: [[0, 0], paddings[axis], [0, 0]], constantValue },
          backend,
        }),
    });
  };
}

function cumulative(
  stock: Own<tf.CumsumInputs, tf.CumsumAttrs>,
): typeof stock {
  return (call) => {
    const { inputs: { x }, attrs, backend } = call;
    if (x.shape.length <= MOST) return stock(call);
    const [axis] = tf.util.parseAxisParam(attrs.axis, x.shape);
    return axisByAxis(backend, x, {
      axes: [axis],
      step: (x) =>
        stock({ inputs: { x }, attrs: { ...attrs, axis: 1 }, backend }),
    });
  };
}

/** The three have one shape, which tfjs has broadcast, or the condition a part of it. */
function select(stock: Own<tf.SelectInputs, object>): typeof stock {
  return (call) => {
    const { inputs: { condition, t, e }, attrs, backend } = call;
    const { shape } = t;
    const isWhole = tf.util.arraysEqual(condition.shape, shape);
    if (shape.length <= MOST || !isWhole) return stock(call);
    const flat = (x: tf.TensorInfo) => ({
      ...x,
      shape: [tf.util.sizeFromShape(x.shape)],
    });
    const inputs = { condition: flat(condition), t: flat(t), e: flat(e) };
    return { ...stock({ inputs, attrs, backend }), shape };
  };
}

/** Registers them in the place of tfjs's. */
export function mendHighRanks(): void {
  replace("Reverse", reverse);
  replace("PadV2", pad);
  replace("Cumsum", cumulative);
  replace("Cumprod", cumulative);
  replace("Select", select);
}
