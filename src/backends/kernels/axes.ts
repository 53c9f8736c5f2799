/**
 * Axes that tfjs (4.22) hands to kernels unchecked. Of a scalar, which has none,
 * WASM sums up for ever or reads what lies beside it, and other backends give 0;
 * of an axis that is named twice it writes where nothing of its own lies.
 */

import * as tf from "@tensorflow/tfjs";
import { aroundKernels } from "../_engine.ts";

type Attrs = Readonly<Record<string, number | number[] | undefined>>;

/** What a kernel is asked for, and what its axes are those of. */
interface Asked {
  readonly inputs: tf.NamedTensorMap;
  readonly attrs: Attrs;
}

/** The axis from the first, or an error that says which there are. */
function axisFromFirst(name: string, axis: number, rank: number): number {
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) {
    return axis < 0 ? axis + rank : axis;
  }
  throw new RangeError(
    `Cannot run ${name} as its axis must be one of the ${rank} of its tensor: current value is ${axis}`,
  );
}

/** Has the axis of that name counted from the first. */
function along(input: string, axis: string) {
  return (name: string, { inputs, attrs }: Asked): Attrs => ({
    ...attrs,
    [axis]: axisFromFirst(name, Number(attrs[axis]), inputs[input].rank),
  });
}

/** Refuses axes of that name of which some are the same. */
function apart(axes: "axis" | "reductionIndices") {
  return (name: string, { inputs: { x }, attrs }: Asked): Attrs => {
    const given = attrs[axes];
    if (!Array.isArray(given) || given.length < 2) return attrs;
    const counted = tf.util.parseAxisParam(given, x.shape);
    if (new Set(counted).size === counted.length) return attrs;
    throw new RangeError(
      `Cannot run ${name} as each axis must be named once: current value is [${given}]`,
    );
  };
}

/** Refuses an order that is not one of all axes. */
function inOrder(name: string, { inputs: { x }, attrs }: Asked): Attrs {
  const perm = attrs.perm as number[];
  if (perm.length === x.rank && new Set(perm).size === x.rank) return attrs;
  throw new RangeError(
    `Cannot run ${name} as its order must name each of the ${x.rank} axes once: current value is [${perm}]`,
  );
}

/** What is checked of which kernel. */
const CHECKS: Readonly<Record<string, (name: string, asked: Asked) => Attrs>> =
  {
    All: apart("axis"),
    Any: apart("axis"),
    Cumprod: along("x", "axis"),
    Cumsum: along("x", "axis"),
    Max: apart("reductionIndices"),
    Mean: apart("axis"),
    Min: apart("axis"),
    Prod: apart("axis"),
    Softmax: along("logits", "dim"),
    Sum: apart("axis"),
    Transpose: inOrder,
  };

/** Checks them, and counts one from the first, on all backends. */
export function checkAxes(): void {
  aroundKernels(Object.keys(CHECKS), (run) => (name, inputs, attrs) => {
    const asked = { inputs, attrs } as unknown as Asked;
    return run(name, inputs, CHECKS[name](name, asked) as tf.NamedAttrMap);
  });
}
