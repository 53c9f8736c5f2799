/**
 * The input gradient of a convolution. With a stride, places of the input meet
 * different weights by their remainder; each such phase is computed apart, so
 * that no invocation waits for others that have more terms.
 *
 * An invocation computes four channels of four places that lie side by side, in
 * registers: of the 32 numbers that it reads at a time it makes 64 products. With
 * no stride, and channels in fours, it is a convolution (`_tiled_convolution.ts`).
 */

import {
  backend_util,
  type Conv2DBackpropInputAttrs,
  type Conv2DBackpropInputInputs,
  util,
} from "@tensorflow/tfjs";
import { shape4D } from "../../_shapes.ts";
import { replaceKernel } from "../_kernel.ts";
import { wholeWords } from "../_words.ts";
import type { Shader } from "../_shader.ts";
import { sizeOf } from "../_shape.ts";
import {
  convolveTiled,
  isTileable,
  type TiledConvolution,
} from "../_tiled_convolution.ts";

const WORKGROUP = 64;
/** The most workgroups in a dimension. */
const MOST = 65535;
const BLOCK = [0, 1, 2, 3];

const shaders = new Map<string, Shader>();

/** The shader where the output's channels come in fours, or not. */
function shaderOf(inFours: boolean): Shader {
  const name = `conv2d_backprop_input_${inFours}`;
  let shader = shaders.get(name);
  if (shader !== undefined) return shader;
  const block = (line: (i: number) => string) => BLOCK.map(line).join("\n");
  const type = inFours ? "vec4<f32>" : "f32";
  const product = (i: number, j: number) =>
    inFours ? `dot(left${i}, right${j})` : `left${i} * right${j}`;
  shader = {
    name,
    code: `
struct Size {
  pads: vec2<i32>, strides: vec2<i32>, input: vec2<i32>, output: vec2<i32>,
  window: vec2<i32>, phase: vec2<i32>, inChannels: i32, outChannels: i32,
  blocks: i32,
};
@group(0) @binding(0) var<storage, read_write> dx: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<${type}>;
@group(0) @binding(2) var<storage, read> filters: array<${type}>;
@group(0) @binding(3) var<uniform> size: Size;
@compute @workgroup_size(${WORKGROUP})
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(workgroup_id) group: vec3<u32>,
) {
  let remainder = vec2(
    i32(group.z) / size.strides.y,
    i32(group.z) % size.strides.y,
  );
  let across = (size.inChannels + 3) / 4;
  let wide = (size.phase.y + 3) / 4;
  let depth = size.outChannels${inFours ? " / 4" : ""};
  for (
    var index = i32(id.x);
    index < size.blocks;
    index += i32(groups.x) * ${WORKGROUP}
  ) {
    let channel = index % across * 4;
    let strip = index / across;
    let line = strip / wide;
    let image = line / size.phase.x;
    let first = vec2(line % size.phase.x, strip % wide * 4) * size.strides +
      remainder;
    // Channels past the last are computed of the last, and not written.
    ${
      block((j) =>
        `let filter${j} = min(channel + ${j}, size.inChannels - 1) * depth;`
      )
    }
    ${block((i) => `var sum${i} = vec4<f32>();`)}
    let padded = first + size.pads;
    for (var r = padded.x % size.strides.x; r < size.window.x; r += size.strides.x) {
      let y = (padded.x - r) / size.strides.x;
      if (padded.x < r || y >= size.output.x) { continue; }
      for (
        var c = padded.y % size.strides.y;
        c < size.window.y;
        c += size.strides.y
      ) {
        // Of the four places, each a column of the output further on.
        let column = (padded.y - c) / size.strides.y -
          select(0, 1, padded.y < c && (padded.y - c) % size.strides.y != 0);
        let source = (image * size.output.x + y) * size.output.y;
        let weights = (r * size.window.y + c) * size.inChannels * depth;
        ${
      block((i) => `
        let isIn${i} = column + ${i} >= 0 && column + ${i} < size.output.y;
        let from${i} = select(0, source + column + ${i}, isIn${i}) * depth;`)
    }
        for (var k = 0; k < depth; k++) {
          ${
      block((i) =>
        `let left${i} = select(${type}(), dy[from${i} + k], isIn${i});`
      )
    }
          ${block((j) => `let right${j} = filters[weights + filter${j} + k];`)}
          ${
      block((i) =>
        `sum${i} += vec4(${BLOCK.map((j) => product(i, j)).join(", ")});`
      )
    }
        }
      }
    }
    ${
      block((i) =>
        `{
      let at = first + vec2(0, ${i}) * size.strides;
      if (all(at < size.input)) {
        let to = ((image * size.input.x + at.x) * size.input.y + at.y) *
          size.inChannels + channel;
        ${
          block((j) =>
            `if (channel + ${j} < size.inChannels) { dx[to + ${j}] = sum${i}[${j}]; }`
          )
        }
      }
    }`
      )
    }
  }
}`,
  };
  shaders.set(name, shader);
  return shader;
}

/**
 * The gradient as a convolution of the output's gradient, whose windows are
 * walked through backwards; a stride leaves gaps in them.
 */
function tiledOf(
  info: backend_util.Conv2DInfo,
): TiledConvolution | undefined {
  if (info.strideHeight !== 1 || info.strideWidth !== 1) return undefined;
  return {
    batch: info.batchSize,
    inSize: [info.outHeight, info.outWidth],
    inChannels: info.outChannels,
    outSize: [info.inHeight, info.inWidth],
    outChannels: info.inChannels,
    window: [info.filterHeight, info.filterWidth],
    strides: [1, 1],
    steps: [-1, -1],
    start: [info.padInfo.top, info.padInfo.left],
    isTransposed: true,
  };
}

/** In the place of tfjs's Conv2DBackpropInput; computed when it is used. */
export const conv2dBackpropInputKernel = replaceKernel<
  Conv2DBackpropInputInputs,
  Conv2DBackpropInputAttrs
>(
  "Conv2DBackpropInput",
  ({ inputs, attrs, backend }) => {
    const { dy, filter } = inputs;
    if (attrs.dataFormat !== "NHWC") return undefined;
    const { inputShape } = attrs;
    if (sizeOf(inputShape) === 0 || sizeOf(dy.shape) === 0) return undefined;
    const info = backend_util.computeConv2DInfo(
      inputShape,
      shape4D(filter),
      attrs.strides,
      1,
      attrs.pad,
      attrs.dimRoundingMode,
    );
    // tfjs lets a transposed convolution's input be larger than it can be.
    if (!util.arraysEqual(dy.shape, info.outShape)) return undefined;
    return backend.defer([...inputShape], {
      inputs: [dy, filter],
      compute() {
        const tiled = tiledOf(info);
        if (tiled && isTileable(tiled)) {
          return convolveTiled(backend, { x: dy, filter }, tiled);
        }
        const { strideHeight, strideWidth, inChannels, outChannels } = info;
        const phase = [
          Math.ceil(info.inHeight / strideHeight),
          Math.ceil(info.inWidth / strideWidth),
        ];
        const blocks = info.batchSize * phase[0] * Math.ceil(phase[1] / 4) *
          Math.ceil(inChannels / 4);
        const words = wholeWords([
          ...[info.padInfo.top, info.padInfo.left],
          ...[strideHeight, strideWidth],
          ...[info.inHeight, info.inWidth],
          ...[info.outHeight, info.outWidth],
          ...[info.filterHeight, info.filterWidth],
          ...phase,
          ...[inChannels, outChannels, blocks, 0],
        ]);
        const dx = backend.allocate([...inputShape]);
        backend.run(
          shaderOf(outChannels % 4 === 0),
          [dx, dy, filter],
          {
            words: [words],
            groups: [
              Math.min(MOST, Math.ceil(blocks / WORKGROUP)),
              1,
              strideHeight * strideWidth,
            ],
          },
        );
        return dx;
      },
    });
  },
);
