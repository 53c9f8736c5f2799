import type { NamedTensorInfoMap, TensorInfo } from "@tensorflow/tfjs";
import {
  OPTIMIZER_UPDATE,
  type OptimizerRule,
  type OptimizerUpdateAttributes,
  type OptimizerUpdateInputs,
} from "../../fused_optimizers.ts";
import { defineKernel, floatBits } from "../_kernel.ts";
import type { Shader } from "../_shader.ts";

const SLOTS = ["a", "b", "c"] as const;

/** Each rule with its slots read before and written after it. */
const RULES: { readonly [Rule in OptimizerRule]: [slots: number, string] } = {
  sgd: [0, "w += n0 * g;"],
  momentum: [1, "a = n1 * a + g; w += n0 * a;"],
  nesterov: [1, "a = n1 * a + g; w += n0 * (g + a * n1);"],
  adagrad: [1, "a += g * g; w += g / sqrt(a + n1) * n0;"],
  adadelta: [
    2,
    `let u = sqrt(b + n2) / sqrt(a + n2) * g;
    a = a * n1 + g * g * m1;
    b = b * n1 + u * u * m1;
    w += u * n0;`,
  ],
  adam: [
    2,
    `a = a * n1 + g * m1;
    b = b * n2 + g * g * m2;
    w += a / n4 / (sqrt(b / n5) + n3) * n0;`,
  ],
  adamax: [
    2,
    // A NaN in the gradient must reach the weights, and max() may drop it.
    `a = a * n1 + g * m1;
    b = select(abs(g), b * n2, b * n2 > abs(g));
    w += n0 * (a / (b + n3));`,
  ],
  rmsprop: [
    2,
    `a = a * n1 + g * g * m1;
    b = b * n2 + g * n0 / sqrt(a + n3);
    w -= b;`,
  ],
  "rmsprop-centered": [
    3,
    `a = a * n1 + g * g * m1;
    c = c * n1 + g * m1;
    b = b * n2 + g * n0 / sqrt(a - (c * c + n3));
    w -= b;`,
  ],
};

function shaderOf(rule: OptimizerRule): Shader {
  const [slots, body] = RULES[rule];
  const names = SLOTS.slice(0, slots);
  const join = (line: (name: string, i: number) => string) =>
    names.map(line).join("\n");
  return {
    name: `optimizer_${rule}`,
    changes: true,
    code: `
@group(0) @binding(0) var<storage, read_write> value: array<f32>;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
${
      join((name, i) =>
        `@group(0) @binding(${
          2 + i
        }) var<storage, read_write> slot_${name}: array<f32>;`
      )
    }
@group(0) @binding(${2 + slots}) var<uniform> numbers: array<vec4<f32>, 2>;
@compute @workgroup_size(256)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let n0 = numbers[0].x; let n1 = numbers[0].y;
  let n2 = numbers[0].z; let n3 = numbers[0].w;
  let n4 = numbers[1].x; let n5 = numbers[1].y;
  // 1 - n1 and 1 - n2, which lose their digits in single precision.
  let m1 = numbers[1].z; let m2 = numbers[1].w;
  for (var i = id.x; i < arrayLength(&value); i += 256 * groups.x) {
    let g = gradient[i];
    var w = value[i];
    ${join((name) => `var ${name} = slot_${name}[i];`)}
    ${body}
    value[i] = w;
    ${join((name) => `slot_${name}[i] = ${name};`)}
  }
}`,
  };
}

const shaders = new Map<OptimizerRule, Shader>();

/** Updates a variable and its slots in place, with one command. */
export const optimizerUpdateKernel = defineKernel(
  OPTIMIZER_UPDATE,
  ({ inputs, attrs, backend }) => {
    const { value, gradient, ...slots } = inputs as
      & OptimizerUpdateInputs
      & NamedTensorInfoMap;
    const { rule, numbers } = attrs as unknown as OptimizerUpdateAttributes;
    const updated = [value, ...SLOTS.flatMap((name) => slots[name] ?? [])]
      .map((tensor: TensorInfo) => backend.take(tensor));
    const [n0, n1 = 0, n2 = 0, n3 = 0, n4 = 0, n5 = 0] = numbers;
    let shader = shaders.get(rule);
    if (shader === undefined) shaders.set(rule, shader = shaderOf(rule));
    const size = value.shape.reduce((product, length) => product * length, 1);
    backend.run(
      shader,
      [updated[0], gradient, ...updated.slice(1)],
      floatBits([n0, n1, n2, n3, n4, n5, 1 - n1, 1 - n2]),
      [Math.min(1024, Math.ceil(size / 256))],
    );
    return updated;
  },
);
