/**
 * The gradients of sums and means, which repeat a number along the axes that
 * were summed. tfjs multiplies by ones, as large as the input, which it makes on
 * the processor and sends to the GPU at every step.
 */

import * as tf from "@tensorflow/tfjs";
import { runKernel } from "../../_engine.ts";
import { replaceGradient } from "../_gradient.ts";
import { defineKernel, type Named } from "../_kernel.ts";
import { floatBits, wholeWords } from "../_words.ts";
import type { Shader } from "../_shader.ts";
import { groupsFor, type Run, runsOf, sizeOf } from "../_shape.ts";

const KERNEL = "BroadcastScaled";
/** Runs of dimensions that the shader knows. */
const MOST_RUNS = 4;

const shader: Shader = {
  name: "broadcast_scaled",
  code: `
struct Shape { lengths: vec4<u32>, strides: vec4<u32>, scale: f32 };
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<uniform> shape: Shape;
@compute @workgroup_size(256)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  for (var i = id.x; i < arrayLength(&result); i += 256 * groups.x) {
    var rest = i;
    var source = 0u;
    for (var d = 3; d >= 0; d--) {
      source += (rest % shape.lengths[d]) * shape.strides[d];
      rest /= shape.lengths[d];
    }
    result[i] = x[source] * shape.scale;
  }
}`,
};

interface BroadcastAttrs {
  readonly shape: number[];
  readonly axes: number[];
  readonly scale: number;
}

/** Repeats `x` along `axes` until it has `shape`, times a number. */
export const broadcastKernel = defineKernel<Named<"x">, BroadcastAttrs>(
  KERNEL,
  ({ inputs, attrs, backend }) => {
    const { shape, axes, scale } = attrs;
    const result = backend.allocate(shape);
    const size = sizeOf(shape);
    if (size === 0) return result;
    const runs = runsOf(shape, axes);
    while (runs.length < MOST_RUNS) {
      runs.unshift({ length: 1, isReduced: true });
    }
    const words = new Uint32Array(12);
    words.set(
      wholeWords([...runs.map(({ length }) => length), ...strides(runs)]),
    );
    words.set(floatBits([scale]), 8);
    backend.run(shader, [result, inputs.x], {
      words: [words],
      groups: groupsFor(size),
    });
    return result;
  },
);

/** How far apart the elements of what is repeated are: 0 where repeated. */
function strides(runs: readonly Run[]): number[] {
  let stride = 1;
  return runs.toReversed().map(({ length, isReduced }) => {
    if (isReduced) return 0;
    stride *= length;
    return stride / length;
  }).toReversed();
}

/** Lets the gradients of Sum and Mean use the kernel. */
export function replaceReductionGradients(): void {
  for (const operation of ["Sum", "Mean"]) {
    replaceGradient<tf.SumAttrs>(operation, (dy, [x], attrs) => {
      const { shape } = x;
      const axes = tf.util.parseAxisParam(attrs.axis, shape);
      if (runsOf(shape, axes).length > MOST_RUNS) return undefined;
      const scale = operation === "Sum" ? 1 : sizeOf(dy.shape) / sizeOf(shape);
      const given: BroadcastAttrs = { shape, axes, scale };
      return { x: () => runKernel(KERNEL, { x: dy }, given) };
    });
  }
}
