/**
 * Categorical cross-entropy of probabilities, as tfjs's layers define it, with
 * its gradient: with q = p / Σp, kept within [ε, 1 − ε], a row's loss is
 * −Σ t log q. tfjs makes some thirty commands of it and of its gradient.
 */

import * as tf from "@tensorflow/tfjs";
import { firstOf, registerGradient, runKernel } from "../../_engine.ts";
import { isFirstOrder } from "../_gradient.ts";
import { defineKernel, type Named } from "../_kernel.ts";
import { rowShader, runRows } from "../_rows.ts";

const KERNEL = "CategoricalCrossentropy";
const GRADIENT = "CategoricalCrossentropyGrad";

/** What tfjs's layers keep from 0 and 1. */
const EPSILON = 1e-7;

const LIMITS = `
const least = f32(${EPSILON});
const most = f32(${1 - EPSILON});
fn isNan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}
// A NaN stays one.
fn limited(q: f32) -> f32 { return select(clamp(q, least, most), q, isNan(q)); }
fn isWithin(q: f32) -> bool { return q >= least && q <= most; }`;

const loss = rowShader({
  name: "categorical_crossentropy",
  inputs: ["p", "t"],
  functions: LIMITS,
  sums: ["p[i]", "t[i] * log(limited(p[i] / sum0))"],
  total: "-sum1",
});

const gradient = rowShader({
  name: "categorical_crossentropy_grad",
  inputs: ["p", "t"],
  perRow: ["dy"],
  functions: LIMITS + `
// The loss by q.
fn slope(t: f32, q: f32) -> f32 { return select(0.0, -t / q, isWithin(q)); }`,
  sums: ["p[i]", "slope(t[i], p[i] / sum0) * p[i] / sum0"],
  result: "dy[row] * (slope(t[i], p[i] / sum0) - sum1) / sum0",
});

/** Inputs `p, t`; the loss of each row. */
export const crossentropyKernel = defineKernel<Named<"p" | "t">>(
  KERNEL,
  ({ inputs: { p, t }, backend }) =>
    runRows(backend, { shader: loss, tensors: [p, t], isTotal: true }),
);

/** Inputs `dy, p, t`; the gradient by `p`. */
export const crossentropyGradKernel = defineKernel<Named<"dy" | "p" | "t">>(
  GRADIENT,
  ({ inputs: { dy, p, t }, backend }) =>
    runRows(backend, { shader: gradient, tensors: [p, t, dy] }),
);

/** What models call it. */
const NAME = "categoricalCrossentropy";

type Loss = (
  target: tf.Tensor,
  output: tf.Tensor,
  ...rest: unknown[]
) => tf.Tensor;

/** The losses that {@linkcode fused} made. */
const own = new WeakSet<Loss>();

/** Cross-entropy by the kernel where it applies, and else by `stock`. */
function fused(stock: Loss): Loss {
  const loss: Loss = function (target, output, ...rest) {
    const applies = isFirstOrder(1) && !rest[0] && output.rank > 1 &&
      output.dtype === "float32" && target.dtype !== "complex64" &&
      tf.util.arraysEqual(target.shape, output.shape);
    if (!applies) {
      return stock(target, output, ...rest);
    }
    return tf.tidy(() =>
      runKernel(KERNEL, { p: output, t: tf.cast(target, "float32") })
    );
  };
  own.add(loss);
  return loss;
}

/**
 * Registers the gradient, and gives the loss to models that ask for it by name,
 * now or later, and to whoever calls it among tfjs's metrics.
 */
export function installCrossentropy(): void {
  registerGradient({
    kernelName: KERNEL,
    inputsToSave: ["p", "t"],
    gradFunc: (dy, [p, t]) => ({
      p: () => runKernel(GRADIENT, { dy: firstOf(dy), p, t }),
    }),
  });
  const metrics = tf.metrics;
  // In a bundle, a module's names are for reading alone.
  const name = Object.getOwnPropertyDescriptor(metrics, NAME);
  if (name?.writable) metrics[NAME] = fused(metrics[NAME]);

  const prototype = tf.LayersModel.prototype;
  for (const method of ["makeTrainFunction", "makeTestFunction"] as const) {
    const original = prototype[method];
    prototype[method] = function (this: Compiled) {
      this.lossFunctions = this.lossFunctions?.map((loss, i) =>
        lossName(this, i) === NAME && !own.has(loss) ? fused(loss) : loss
      );
      return original.call(this);
    };
  }
}

/** What a compiled model keeps of its losses. */
interface Compiled {
  readonly loss: unknown;
  readonly outputNames: readonly string[];
  lossFunctions?: Loss[];
}

/** What was given to `compile` for an output, which may be a name. */
function lossName({ loss, outputNames }: Compiled, index: number): unknown {
  if (typeof loss !== "object" || loss === null) return loss;
  return Array.isArray(loss)
    ? loss[index]
    : (loss as Record<string, unknown>)[outputNames[index]];
}
