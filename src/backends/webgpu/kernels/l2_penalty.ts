/**
 * The penalty λ Σ w² with its gradient 2 λ w in closed form. What is added, a
 * penalty to the loss and a gradient to another, is computed with the sum.
 */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import type { TrainingBackend } from "../_training_backend.ts";
import { elementwise } from "../_elementwise.ts";
import { firstOf, registerGradient, runKernel } from "../../_engine.ts";
import { isFirstOrder } from "../_gradient.ts";
import { defineKernel, type Named } from "../_kernel.ts";
import { floatBits } from "../_words.ts";
import type { Shader } from "../_shader.ts";
import { groupsFor, sizeOf } from "../_shape.ts";

const KERNEL = "L2Penalty";
const GRADIENT = "L2PenaltyGrad";

/** Elements that one workgroup adds up. */
const PART = 2 ** 15;
const MOST_PARTS = 256;

/** The sum of squares of a part by each workgroup, times λ, plus a number. */
function penaltyShader(name: string, addend: string, value: string): Shader {
  return {
    name,
    code: `
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
${addend && "@group(0) @binding(2) var<storage, read> addend: array<f32>;"}
@group(0) @binding(${addend ? 3 : 2}) var<uniform> factor: vec4<f32>;
var<workgroup> parts: array<f32, 256>;
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  var sum = 0.0;
  for (
    var i = group.x * 256 + lane;
    i < arrayLength(&x);
    i += groups.x * 256
  ) { sum += ${value}; }
  parts[lane] = sum;
  for (var half = 128u; half > 0; half /= 2) {
    workgroupBarrier();
    if (lane < half) { parts[lane] += parts[lane + half]; }
  }
  if (lane == 0) { result[group.x] = parts[0] * factor.x ${addend}; }
}`,
  };
}

const squares = penaltyShader("l2_squares", "", "x[i] * x[i]");
const squaresPlus = penaltyShader("l2_plus", "+ addend[0]", "x[i] * x[i]");
const sum = penaltyShader("l2_sum", "", "x[i]");
const sumPlus = penaltyShader("l2_sum_plus", "+ addend[0]", "x[i]");

function penalty(
  backend: TrainingBackend,
  { x, addend }: { x: TensorInfo; addend?: TensorInfo },
  l2: number,
): TensorInfo {
  const size = sizeOf(x.shape);
  const groups = Math.min(MOST_PARTS, Math.max(1, Math.ceil(size / PART)));
  const factor = floatBits([l2, 0, 0, 0]);
  const result = backend.allocate([]);
  const rest = addend ? [addend] : [];
  if (groups === 1) {
    const shader = addend ? squaresPlus : squares;
    backend.run(shader, [result, x, ...rest], { words: [factor], groups: [1] });
    return result;
  }
  const parts = backend.allocate([groups]);
  backend.run(squares, [parts, x], {
    words: [floatBits([1, 0, 0, 0])],
    groups: [groups],
  });
  const shader = addend ? sumPlus : sum;
  backend.run(shader, [result, parts, ...rest], {
    words: [factor],
    groups: [1],
  });
  backend.disposeData(parts.dataId);
  return result;
}

interface L2Attrs {
  readonly l2: number;
}

/** Inputs `x`; computed with what it is added to. */
export const l2PenaltyKernel = defineKernel<Named<"x">, L2Attrs>(
  KERNEL,
  ({ inputs: { x }, attrs: { l2 }, backend }) =>
    backend.defer([], {
      inputs: [x],
      compute: () => penalty(backend, { x }, l2),
      addTo: (addend) => penalty(backend, { x, addend }, l2),
    }),
);

const scaled: Shader = elementwiseByScalar("l2_gradient", "");
const scaledPlus: Shader = elementwiseByScalar("l2_gradient_plus", "other");

/** `n0 · dy · x`, for a number `dy` on the GPU, plus another tensor. */
function elementwiseByScalar(name: string, other: string): Shader {
  const shader = elementwise(
    name,
    ["x", ...other ? [other] : [], "dy"],
    { expression: `n0 * dy * x${other && ` + ${other}`}` },
  );
  return {
    ...shader,
    code: shader.code.replace("let dy = in_dy[i];", "let dy = in_dy[0];"),
  };
}

/** Inputs `dy, x`; computed with what it is added to. */
export const l2PenaltyGradKernel = defineKernel<Named<"dy" | "x">, L2Attrs>(
  GRADIENT,
  ({ inputs: { dy, x }, attrs: { l2 }, backend }) => {
    const words = floatBits([2 * l2, 0, 0, 0]);
    const compute = (other: TensorInfo[]) => {
      const result = backend.allocate([...x.shape]);
      backend.run(
        other.length ? scaledPlus : scaled,
        [result, x, ...other, dy],
        { words: [words], groups: groupsFor(sizeOf(x.shape)) },
      );
      return result;
    };
    return backend.defer([...x.shape], {
      inputs: [dy, x],
      compute: () => compute([]),
      addTo: (other) => compute([other]),
    });
  },
);

interface L1L2 {
  hasL1: boolean;
  hasL2: boolean;
  l2: number;
  apply(x: tf.Tensor): tf.Scalar;
}

/** Registers the gradient, and lets tfjs's L2 regularizer use the kernel. */
export function installL2Penalty(): void {
  registerGradient<L2Attrs>({
    kernelName: KERNEL,
    inputsToSave: ["x"],
    gradFunc: (dy, [x], attrs) => ({
      x: () => runKernel(GRADIENT, { dy: firstOf(dy), x }, attrs),
    }),
  });
  const regularizer = tf.regularizers.l2({ l2: 1 });
  const prototype: L1L2 = Object.getPrototypeOf(regularizer);
  const stock = prototype.apply;
  prototype.apply = function (this: L1L2, x) {
    const { hasL1, hasL2, l2 } = this;
    if (hasL1 || !hasL2 || !isFirstOrder(1) || x.dtype !== "float32") {
      return stock.call(this, x);
    }
    return runKernel<tf.Scalar>(KERNEL, { x }, { l2 });
  };
}
