import type { TensorInfo } from "@tensorflow/tfjs";
import type { UpdateKernelAttrs } from "../../fused/optimizers.ts";
import type { TrainingBackend } from "../_training_backend.ts";
import { defineKernel, type KernelCall } from "../_kernel.ts";
import { floatBits } from "../_words.ts";
import type { Shader } from "../_shader.ts";

/**
 * The rules of `fused/_optimizer_rules.ts`: how a weight `w` with gradient `g` and
 * the slots `s0`, `s1`, `s2` changes, with the numbers `c0`, `c1`, …
 */
const RULES: { readonly [kernel: string]: [slots: number, body: string] } = {
  SgdUpdate: [0, "w = c0 * g + w;"],
  MomentumUpdate: [1, "s0 = c1 * s0 + g; w = c0 * s0 + w;"],
  NesterovUpdate: [1, "s0 = c1 * s0 + g; w = c0 * (g + s0 * c1) + w;"],
  AdagradUpdate: [1, "s0 += g * g; w = g / sqrt(s0 + c0) * c1 + w;"],
  AdadeltaUpdate: [
    2,
    `let d = sqrt(s1 + c2) / sqrt(s0 + c2) * g;
    s0 = s0 * c0 + g * g * c1;
    s1 = s1 * c0 + d * d * c1;
    w = d * c3 + w;`,
  ],
  AdamUpdate: [
    2,
    `s0 = s0 * c2 + g * c3;
    s1 = s1 * c4 + g * g * c5;
    w = s0 / c0 / (sqrt(s1 / c1) + c6) * c7 + w;`,
  ],
  AdamaxUpdate: [
    2,
    // Not max(), which may drop the NaN of a gradient.
    `s0 = s0 * c1 + g * c2;
    s1 = select(abs(g), s1 * c3, s1 * c3 > abs(g));
    w = c0 * (s0 / (s1 + c4)) + w;`,
  ],
  RmspropUpdate: [
    2,
    `s0 = s0 * c0 + g * g * c1;
    s1 = s1 * c2 + g * c3 / sqrt(s0 + c4);
    w = w - s1;`,
  ],
  CenteredRmspropUpdate: [
    3,
    `s0 = s0 * c0 + g * g * c1;
    s2 = s2 * c0 + g * c1;
    // Not max(), as above.
    let variance = s0 - s2 * s2;
    s1 = s1 * c2 + g * c3 / sqrt(select(variance, 0, variance < 0) + c4);
    w = w - s1;`,
  ],
};

function shaderOf(kernel: string): Shader {
  const [slots, body] = RULES[kernel];
  const eachSlot = (line: (i: number) => string) =>
    Array.from({ length: slots }, (_, i) => line(i)).join("\n");
  return {
    name: `optimizer_${kernel}`,
    changes: true,
    code: `
@group(0) @binding(0) var<storage, read_write> weights: array<f32>;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
${
      eachSlot((i) =>
        `@group(0) @binding(${
          2 + i
        }) var<storage, read_write> slot${i}: array<f32>;`
      )
    }
@group(0) @binding(${2 + slots}) var<uniform> numbers: array<vec4<f32>, 3>;
@compute @workgroup_size(256)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let c0 = numbers[0].x; let c1 = numbers[0].y;
  let c2 = numbers[0].z; let c3 = numbers[0].w;
  let c4 = numbers[1].x; let c5 = numbers[1].y;
  let c6 = numbers[1].z; let c7 = numbers[1].w;
  let factor = numbers[2].x;
  for (var i = id.x; i < arrayLength(&weights); i += 256 * groups.x) {
    let g = gradient[i];
    let before = weights[i];
    var w = before;
    ${eachSlot((i) => `var s${i} = slot${i}[i];`)}
    ${body}
    // Not 0 times the change, which would let a NaN through.
    if (factor == 0) { w = before; }
    else if (factor != 1) { w = before + (w - before) * factor; }
    weights[i] = w;
    ${eachSlot((i) => `slot${i}[i] = s${i};`)}
  }
}`,
  };
}

function update(
  shader: Shader,
  { inputs: tensors, attrs, backend }: KernelCall<
    readonly TensorInfo[],
    UpdateKernelAttrs
  >,
): TensorInfo[] {
  const { scalars, slots, constants, factors } = attrs;
  const numbers = [
    ...tensors.slice(0, scalars).map((scalar) => numberIn(backend, scalar)),
    ...constants,
  ];
  const shared = Array.from({ length: 8 }, (_, i) => numbers[i] ?? 0);
  const wordsFor = (factor: number) => floatBits([...shared, factor, 0, 0, 0]);
  const words = wordsFor(1);
  const updated: TensorInfo[] = [];
  for (let i = scalars, k = 0; i < tensors.length; i += 2 + slots, k++) {
    const factor = factors?.[k] ?? 1;
    const [value, gradient, ...rest] = tensors.slice(i, i + 2 + slots);
    const [newValue, ...newSlots] = [value, ...rest]
      .map((tensor) => backend.take(tensor));
    const size = value.shape.reduce((product, length) => product * length, 1);
    if (size > 0) {
      const groups = Math.min(1024, Math.ceil(size / 256));
      backend.run(shader, [newValue, gradient, ...newSlots], {
        words: [factor === 1 ? words : wordsFor(factor)],
        groups: [groups],
      });
    }
    updated.push(newValue, ...newSlots);
  }
  // A step ends here, and the GPU may start on what is left of it.
  backend.flush();
  return updated;
}

/** tfjs leaves its scalars where they were made, which is not on the GPU. */
function numberIn(backend: TrainingBackend, { dataId }: TensorInfo): number {
  const [number] = backend.readSync(dataId);
  return Number(number);
}

/** Each updates a weight and its slots in place, with one command. */
export const optimizerUpdateKernels = Object.keys(RULES).map((kernel) => {
  const shader = shaderOf(kernel);
  return defineKernel<readonly TensorInfo[], UpdateKernelAttrs>(
    kernel,
    (call) => update(shader, call),
  );
});
