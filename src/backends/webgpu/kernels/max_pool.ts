/**
 * The largest value of each window, the first NaN before any number, and NaN of
 * none at all. tfjs's own begins with -1e20, which is then the largest of what lies
 * below it, passes over NaN, and makes floats of whole numbers.
 */

import {
  backend_util,
  type MaxPoolAttrs,
  type MaxPoolInputs,
  util,
} from "@tensorflow/tfjs";
import { shape4D } from "../../_shapes.ts";
import { someOutside } from "../../windows/window_axes.ts";
import { type KernelCall, replaceKernel } from "../_kernel.ts";
import type { Shader } from "../_shader.ts";
import { groupsFor, sizeOf } from "../_shape.ts";
import { wholeWords } from "../_words.ts";

const shader = (type: "f32" | "i32"): Shader => ({
  name: `max_pool_${type}`,
  takesWhole: type === "i32",
  code: `
struct Windows {
  input: vec2<i32>, output: vec2<i32>, size: vec2<i32>, strides: vec2<i32>,
  pads: vec2<i32>, channels: i32, ofNone: u32,
};
@group(0) @binding(0) var<storage, read_write> result: array<${type}>;
@group(0) @binding(1) var<storage, read> x: array<${type}>;
@group(0) @binding(2) var<uniform> window: Windows;
fn isNan(value: ${type}) -> bool {
  return ${
    type === "f32"
      ? "(bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u"
      : "false"
  };
}
@compute @workgroup_size(256)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  for (var i = id.x; i < arrayLength(&result); i += 256 * groups.x) {
    let channel = i32(i) % window.channels;
    let pixel = i32(i) / window.channels;
    let place = vec2(
      (pixel / window.output.y) % window.output.x, pixel % window.output.y);
    let image = pixel / (window.output.x * window.output.y);
    let corner = place * window.strides - window.pads;
    let first = max(corner, vec2(0));
    let end = min(corner + window.size, window.input);
    var best = bitcast<${type}>(window.ofNone);
    var found = false;
    for (var row = first.x; row < end.x; row++) {
      for (var column = first.y; column < end.y; column++) {
        let at = (image * window.input.x + row) * window.input.y + column;
        let value = x[at * window.channels + channel];
        if (!found || (!isNan(best) && (isNan(value) || value > best))) {
          best = value;
          found = true;
        }
      }
    }
    result[i] = best;
  }
}`,
});

const shaders = { float32: shader("f32"), int32: shader("i32") };

/** In the place of tfjs's MaxPool. */
export const maxPoolKernel = replaceKernel(
  "MaxPool",
  ({ inputs: { x }, attrs, backend }: KernelCall<
    MaxPoolInputs,
    MaxPoolAttrs
  >) => {
    const info = backend_util.computePool2DInfo(
      shape4D(x),
      attrs.filterSize,
      attrs.strides,
      1,
      attrs.pad,
      attrs.dimRoundingMode,
    );
    const size = sizeOf(info.outShape);
    // Windows of one pixel, each at its own: tfjs gives the input itself.
    const isOne = info.filterHeight === 1 && info.filterWidth === 1 &&
      util.arraysEqual(info.inShape, info.outShape) && !someOutside(info);
    if (size === 0 || isOne) return undefined;
    const dtype = x.dtype === "int32" ? "int32" : "float32";
    const result = backend.allocate([...info.outShape], dtype);
    const windows = wholeWords([
      ...[info.inHeight, info.inWidth],
      ...[info.outHeight, info.outWidth],
      ...[info.filterHeight, info.filterWidth],
      ...[info.strideHeight, info.strideWidth],
      ...[info.padInfo.top, info.padInfo.left],
      ...[info.inChannels, dtype === "int32" ? 0 : 0x7fc00000],
    ]);
    backend.run(shaders[dtype], [result, x], {
      words: [windows],
      groups: groupsFor(size),
    });
    return result;
  },
);
