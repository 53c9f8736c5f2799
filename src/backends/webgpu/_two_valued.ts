/**
 * Tensors that hold zeros and one other number, such as the mask of a dropout:
 * they go to the GPU as a bit for each element.
 */

import type { Shader } from "./_shader.ts";
import type { BackendValues } from "./_open_backend.ts";

/** Elements from which on a shader more is worth its while. */
const LEAST = 4096;

/** What such a tensor holds. */
export interface TwoValued {
  /** A bit for each element, 32 in a number: whether it is `value`. */
  readonly bits: Int32Array<ArrayBuffer>;
  /** What is not 0. */
  readonly value: number;
}

/** The bits of `values`, if there are enough and they are zeros and one more. */
export function packTwoValued(
  values: BackendValues | null,
): TwoValued | undefined {
  if (!(values instanceof Float32Array) || values.length < LEAST) {
    return undefined;
  }
  let value = 0;
  const bits = new Int32Array(Math.ceil(values.length / 32));
  for (let i = 0; i < values.length; i++) {
    const element = values[i];
    // -0 is a zero that has a sign to lose.
    if (Object.is(element, 0)) continue;
    if (value === 0) value = element;
    // Also where it is NaN, which is not itself.
    if (value !== element || value === 0) return undefined;
    bits[i >> 5] |= 1 << (i & 31);
  }
  return { bits, value };
}

/** Makes numbers of bits again. */
export const unpackTwoValued: Shader = {
  name: "unpack_two_valued",
  takesWhole: true,
  code: `
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<storage, read> bits: array<u32>;
@group(0) @binding(2) var<uniform> value: vec4<f32>;
@compute @workgroup_size(256)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  for (var i = id.x; i < arrayLength(&result); i += 256 * groups.x) {
    result[i] = select(0.0, value.x, ((bits[i / 32] >> (i % 32)) & 1) != 0);
  }
}`,
};
