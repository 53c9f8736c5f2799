/**
 * Images turned about a point. tfjs's own rounds what it fills with to hundredths,
 * forgets that of four channels the last says how opaque a pixel is, and rounds
 * places in the middle of two pixels to even ones.
 */

import * as tf from "@tensorflow/tfjs";
import { replaceKernel } from "../_kernel.ts";
import type { Shader } from "../_shader.ts";
import { groupsFor, sizeOf } from "../_shape.ts";
import { floatBits } from "../_words.ts";

/** Fully opaque, in the last of four channels. */
const OPAQUE = 255;

const shader: Shader = {
  name: "rotate_with_offset",
  code: `
struct Turn { center: vec2<f32>, sin: f32, cos: f32, fill: vec4<f32> };
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<uniform> size: vec4<u32>;
@group(0) @binding(3) var<uniform> turn: Turn;
@compute @workgroup_size(256)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  for (var i = id.x; i < arrayLength(&result); i += 256 * groups.x) {
    let channel = i % size.z;
    let column = i / size.z % size.y;
    let row = i / size.z / size.y % size.x;
    let image = i / size.z / size.y / size.x;
    let at = vec2<f32>(f32(column), f32(row)) - turn.center;
    let turned = vec2<f32>(
      at.x * turn.cos - at.y * turn.sin,
      at.x * turn.sin + at.y * turn.cos) + turn.center;
    let source = vec2<i32>(floor(turned + 0.5));
    let isIn = all(source >= vec2<i32>(0)) &&
      all(source < vec2<i32>(i32(size.y), i32(size.x)));
    let pixel = (image * size.x + u32(source.y)) * size.y + u32(source.x);
    let there = x[select(0u, pixel * size.z + channel, isIn)];
    result[i] = select(turn.fill[min(channel, 3u)], there, isIn);
  }
}`,
};

/** In the place of tfjs's RotateWithOffset. */
export const rotateWithOffsetKernel = replaceKernel<
  tf.RotateWithOffsetInputs,
  tf.RotateWithOffsetAttrs
>("RotateWithOffset", ({ inputs: { image }, attrs, backend }) => {
  const { radians, fillValue, center } = attrs;
  if (sizeOf(image.shape) === 0) return undefined;
  const [, height, width, channels] = image.shape;
  const middle = tf.backend_util.getImageCenter(center, height, width);
  const fill = typeof fillValue === "number"
    ? Array(4).fill(fillValue)
    : [...fillValue.slice(0, 3), OPAQUE];
  const result = backend.allocate([...image.shape]);
  backend.run(shader, [result, image], {
    words: [
      Uint32Array.of(height, width, channels, 0),
      floatBits([...middle, Math.sin(radians), Math.cos(radians), ...fill]),
    ],
    groups: groupsFor(sizeOf(image.shape)),
  });
  return result;
});
