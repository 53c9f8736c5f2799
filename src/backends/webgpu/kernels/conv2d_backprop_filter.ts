/**
 * The filter gradient of a convolution: a product of matrices, of the windows of
 * the input as columns and of the output's gradient. Its long sum over all places
 * of all images is split, so that some 100,000 invocations share it; tfjs gives
 * each weight one invocation that loops over all of it.
 *
 * An invocation holds a block of 4 × 4 weights in registers: of 8 numbers that it
 * reads it makes 16 products, and neighbours read the same or the next ones, which
 * the caches serve without a barrier. Where channels come in fours, tiles in the
 * workgroups' own memory do (`_tiled_filter_gradient.ts`).
 */

import {
  backend_util,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropFilterInputs,
  util,
} from "@tensorflow/tfjs";
import { shape4D } from "../../_shapes.ts";
import { replaceKernel } from "../_kernel.ts";
import { wholeWords } from "../_words.ts";
import type { Shader } from "../_shader.ts";
import { sizeOf } from "../_shape.ts";
import { filterGradientTiled } from "../_tiled_filter_gradient.ts";
import { sumColumns } from "./sum_columns.ts";

/** Invocations that keep a large card busy. */
const INVOCATIONS = 2 ** 17;
/** Terms of the sum that are worth an invocation. */
const LEAST_TERMS = 64;
/** Numbers that the parts of the sum may take: 64 MB. */
const MOST_PARTS = 2 ** 24;
const WORKGROUP = 64;

const shaders = new Map<string, Shader>();

const BLOCK = [0, 1, 2, 3];

/**
 * The shader where the channels of input and output come in fours, or not: four
 * that lie side by side are read at once.
 */
function shaderOf(inFours: boolean, outFours: boolean): Shader {
  const name = `conv2d_backprop_filter_${inFours}_${outFours}`;
  let shader = shaders.get(name);
  if (shader !== undefined) return shader;
  const block = (line: (i: number) => string) => BLOCK.map(line).join("\n");
  // What a weight's window covers of the input, for each row or for all four.
  const rows = inFours ? [0] : BLOCK;
  const eachRow = (line: (i: number) => string) => rows.map(line).join("\n");
  shader = {
    name,
    code: `
struct Size {
  pads: vec2<i32>, strides: vec2<i32>, input: vec2<i32>, output: vec2<i32>,
  window: vec2<i32>, channels: i32, rows: i32, columns: i32, terms: i32,
  perSplit: i32,
};
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<${
      inFours ? "vec4<f32>" : "f32"
    }>;
@group(0) @binding(2) var<storage, read> dy: array<${
      outFours ? "vec4<f32>" : "f32"
    }>;
@group(0) @binding(3) var<uniform> size: Size;
fn offsetOf(place: i32) -> vec2<i32> {
  return vec2(place / size.window.y, place % size.window.y) - size.pads;
}
@compute @workgroup_size(${WORKGROUP})
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(workgroup_id) group: vec3<u32>,
) {
  let across = (size.columns + 3) / 4;
  let firstRow = i32(id.x) / across * 4;
  let firstColumn = i32(id.x) % across * 4;
  if (firstRow >= size.rows) { return; }
  let begin = i32(group.y) * size.perSplit;
  let end = min(begin + size.perSplit, size.terms);
  ${
      eachRow((i) => `
  let channel${i} = (firstRow + ${i}) % size.channels;
  let offset${i} = offsetOf((firstRow + ${i}) / size.channels);`)
    }
  ${block((i) => `var sum${i} = vec4<f32>();`)}
  var column = begin % size.output.y;
  var line = begin / size.output.y % size.output.x;
  var image = begin / size.output.y / size.output.x;
  for (var k = begin; k < end; k++) {
    ${
      outFours
        ? "let right = dy[(k * size.columns + firstColumn) / 4];"
        : `var right = vec4<f32>();
    ${
          block((i) =>
            `if (firstColumn + ${i} < size.columns) {
      right[${i}] = dy[k * size.columns + firstColumn + ${i}];
    }`
          )
        }`
    }
    let corner = vec2(line, column) * size.strides;
    var left = vec4<f32>();
    ${
      eachRow((i) => `
    let at${i} = corner + offset${i};
    if (all(at${i} >= vec2(0)) && all(at${i} < size.input)) {
      let from${i} = ((image * size.input.x + at${i}.x) * size.input.y + at${i}.y) *
        size.channels + channel${i};
      left${inFours ? "" : `[${i}]`} = x[from${i}${inFours ? " / 4" : ""}];
    }`)
    }
    ${block((i) => `sum${i} += left[${i}] * right;`)}
    column++;
    if (column == size.output.y) {
      column = 0;
      line++;
      if (line == size.output.x) { line = 0; image++; }
    }
  }
  let split = i32(group.y) * size.rows;
  ${
      block((i) =>
        `if (firstRow + ${i} < size.rows) {
    let to = (split + firstRow + ${i}) * size.columns + firstColumn;
    ${
          block((j) =>
            `if (firstColumn + ${j} < size.columns) { result[to + ${j}] = sum${i}[${j}]; }`
          )
        }
  }`
      )
    }
}`,
  };
  shaders.set(name, shader);
  return shader;
}

/** In the place of tfjs's Conv2DBackpropFilter. */
export const conv2dBackpropFilterKernel = replaceKernel<
  Conv2DBackpropFilterInputs,
  Conv2DBackpropFilterAttrs
>(
  "Conv2DBackpropFilter",
  ({ inputs, attrs, backend }) => {
    const { x, dy } = inputs;
    if (attrs.dataFormat !== "NHWC") return undefined;
    const { filterShape } = attrs;
    if (sizeOf(filterShape) === 0) return undefined;
    const info = backend_util.computeConv2DInfo(
      shape4D(x),
      filterShape,
      attrs.strides,
      1,
      attrs.pad,
      attrs.dimRoundingMode,
    );
    // tfjs lets a transposed convolution's input be larger than it can be.
    if (!util.arraysEqual(dy.shape, info.outShape)) return undefined;
    const { inChannels, outChannels: columns } = info;
    if (inChannels % 4 === 0 && columns % 4 === 0) {
      return filterGradientTiled(backend, { x, dy }, {
        ...{ batch: info.batchSize, inChannels, outChannels: columns },
        inSize: [info.inHeight, info.inWidth],
        outSize: [info.outHeight, info.outWidth],
        window: [info.filterHeight, info.filterWidth],
        strides: [info.strideHeight, info.strideWidth],
        pads: [info.padInfo.top, info.padInfo.left],
      });
    }
    const rows = sizeOf(filterShape) / columns;
    const terms = info.batchSize * info.outHeight * info.outWidth;
    const result = backend.allocate([...filterShape]);
    const blocks = Math.ceil(rows / 4) * Math.ceil(columns / 4);
    const wanted = Math.max(
      1,
      Math.min(INVOCATIONS / blocks, MOST_PARTS / (rows * columns)),
    );
    const perSplit = Math.max(LEAST_TERMS, Math.ceil(terms / wanted));
    const splits = Math.max(1, Math.ceil(terms / perSplit));
    const parts = splits > 1
      ? backend.allocate([splits, rows, columns])
      : result;
    const words = wholeWords([
      ...[info.padInfo.top, info.padInfo.left],
      ...[info.strideHeight, info.strideWidth],
      ...[info.inHeight, info.inWidth],
      ...[info.outHeight, info.outWidth],
      ...[info.filterHeight, info.filterWidth],
      ...[inChannels, rows, columns, terms, perSplit, 0],
    ]);
    backend.run(
      shaderOf(inChannels % 4 === 0, columns % 4 === 0),
      [parts, x, dy],
      { words: [words], groups: [Math.ceil(blocks / WORKGROUP), splits] },
    );
    if (splits > 1) {
      const size = { rows: splits, columns: rows * columns, matrices: 1 };
      sumColumns(backend, { x: parts, result }, size);
      backend.disposeData(parts.dataId);
    }
    return result;
  },
);
