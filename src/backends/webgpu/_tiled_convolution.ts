/**
 * A convolution as a product of matrices in tiles: rows are the places of all
 * output images, columns the output's channels, and the sum goes over a window
 * place by place, some channels at a time. A workgroup holds what its tile needs
 * of both sides in its own memory; while it multiplies, the next part is already
 * on its way. An invocation keeps a block of the tile in registers.
 *
 * tfjs's own computes the place of every number that it loads by divisions, in
 * tiles of 32 × 32; here a place is computed once, and a window's next is a step
 * away.
 */

import type { TensorInfo } from "@tensorflow/tfjs";
import type { TrainingBackend } from "./_training_backend.ts";
import type { Shader } from "./_shader.ts";
import { type ConvolutionSizes, each, type Tile } from "./_tile.ts";
import { wholeWords } from "./_words.ts";

/** The most workgroups in a dimension. */
const MOST_GROUPS = 65535;

/** What a convolution computes. */
export interface TiledConvolution extends ConvolutionSizes {
  /** From the input's place of a window's first weight to that of the next. */
  readonly steps: readonly [number, number];
  /** The input's place of the first weight for the output's first place. */
  readonly start: readonly [number, number];
  /**
   * Whether the filter has the output's channels before the input's, as the
   * filter of the convolution has of which this is the gradient.
   */
  readonly isTransposed: boolean;
}

const shaders = new Map<string, Shader>();

function shaderOf(
  { invocations: [down, across], block: [rows, fours], depth }: Tile,
  isTransposed: boolean,
  hasBias: boolean,
): Shader {
  const name = [
    ...["conv2d", down, across, rows, fours, depth],
    ...[isTransposed ? "transposed" : "plain", hasBias ? "bias" : "bare"],
  ].join("_");
  let shader = shaders.get(name);
  if (shader !== undefined) return shader;
  const threads = down * across;
  const height = down * rows;
  const width = across * fours;
  // A four of padding keeps rows apart in the banks of the memory.
  const leftStride = depth + 1;
  const leftLoads = height * depth / threads;
  const rightLoads = 4 * width * depth / threads;
  const rightSize = isTransposed ? 4 * width * leftStride : 4 * depth * width;
  shader = {
    name,
    code: `
struct Size {
  steps: vec2<i32>, start: vec2<i32>, strides: vec2<i32>, input: vec2<i32>,
  output: vec2<i32>, window: vec2<i32>, inFours: i32, outFours: i32,
  rows: i32, parts: i32,
};
@group(0) @binding(0) var<storage, read_write> result: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> filters: array<vec4<f32>>;
${
      hasBias
        ? "@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;"
        : ""
    }
@group(0) @binding(${hasBias ? 4 : 3}) var<uniform> size: Size;
var<workgroup> left: array<vec4<f32>, ${height * leftStride}>;
var<workgroup> right: array<vec4<f32>, ${rightSize}>;
// The columns of a four lie apart, as invocations side by side read theirs at once.
fn rightRow(column: i32) -> i32 { return column % 4 * ${width} + column / 4; }
@compute @workgroup_size(${threads})
fn main(
  @builtin(local_invocation_index) local: u32,
  @builtin(workgroup_id) group: vec3<u32>,
) {
  let thread = i32(local);
  let firstRow = i32(group.y) * ${height};
  let firstFour = i32(group.x) * ${width};
  let loadFour = thread % ${depth};
  ${
      each(leftLoads, (i) => `
  let row${i} = firstRow + thread / ${depth} + ${i * threads / depth};
  let place${i} = vec2(row${i} / size.output.y % size.output.x, row${i} % size.output.y) *
    size.strides + size.start;
  let image${i} = row${i} / (size.output.x * size.output.y) * size.input.x;`)
    }
  ${each(leftLoads, (i) => `var nextLeft${i} = vec4<f32>();`)}
  ${each(rightLoads, (i) => `var nextRight${i} = vec4<f32>();`)}
  ${each(rows * fours, (i) => `var sum${i} = vec4<f32>();`)}
  let down = thread / ${across};
  let along = thread % ${across};
  var at = vec2<i32>();
  var four = 0;
  for (var part = 0; part <= size.parts; part++) {
    workgroupBarrier();
    if (part > 0) {
      ${
      each(leftLoads, (i) =>
        `left[(thread / ${depth} + ${
          i * threads / depth
        }) * ${leftStride} + loadFour] = nextLeft${i};`)
    }
      ${
      each(rightLoads, (i) =>
        isTransposed
          ? `right[rightRow(thread / ${depth} + ${
            i * threads / depth
          }) * ${leftStride} + loadFour] = nextRight${i};`
          : `right[thread + ${i * threads}] = nextRight${i};`)
    }
    }
    workgroupBarrier();
    if (part < size.parts) {
      let offset = at * size.steps;
      let weight = at.x * size.window.y + at.y;
      ${
      each(leftLoads, (i) => `
      {
        let source = place${i} + offset;
        nextLeft${i} = vec4<f32>();
        if (row${i} < size.rows && all(source >= vec2(0)) && all(source < size.input) &&
            four + loadFour < size.inFours) {
          nextLeft${i} = x[((image${i} + source.x) * size.input.y + source.y) * size.inFours +
            four + loadFour];
        }
      }`)
    }
      ${
      each(rightLoads, (i) =>
        isTransposed
          ? `
      {
        let column = 4 * firstFour + thread / ${depth} + ${i * threads / depth};
        nextRight${i} = vec4<f32>();
        if (column < 4 * size.outFours && four + loadFour < size.inFours) {
          nextRight${i} = filters[(weight * 4 * size.outFours + column) * size.inFours +
            four + loadFour];
        }
      }`
          : `
      {
        let index = thread + ${i * threads};
        let channel = 4 * four + index / ${width};
        let column = firstFour + index % ${width};
        nextRight${i} = vec4<f32>();
        if (channel < 4 * size.inFours && column < size.outFours) {
          nextRight${i} = filters[(weight * 4 * size.inFours + channel) * size.outFours +
            column];
        }
      }`)
    }
      four += ${depth};
      if (four >= size.inFours) {
        four = 0;
        at.y++;
        if (at.y == size.window.y) { at = vec2(at.x + 1, 0); }
      }
    }
    if (part > 0) {
      for (var k = 0; k < ${depth}; k++) {
        ${
      each(rows, (i) =>
        `let a${i} = left[(down + ${i * down}) * ${leftStride} + k];`)
    }
        ${
      isTransposed
        ? each(fours, (j) =>
          each(4, (c) => `
        {
          let b = right[(${
            c * width + j * across
          } + along) * ${leftStride} + k];
          ${
            each(rows, (i) => `
          sum${
              i * fours + j
            }[${c}] += a${i}.x * b.x + a${i}.y * b.y + a${i}.z * b.z +
            a${i}.w * b.w;`)
          }
        }`))
        : each(4, (c) => `
        {
          ${
          each(fours, (j) =>
            `let b${j} = right[(4 * k + ${c}) * ${width} + along + ${
              j * across
            }];`)
        }
          ${
          each(rows, (i) =>
            each(fours, (j) => `sum${i * fours + j} += a${i}[${c}] * b${j};`))
        }
        }`)
    }
      }
    }
  }
  ${
      each(fours, (j) => `
  {
    let column = firstFour + along + ${j * across};
    if (column < size.outFours) {
      ${hasBias ? "let shift = bias[column];" : ""}
      ${
        each(rows, (i) => `
      if (firstRow + down + ${i * down} < size.rows) {
        result[(firstRow + down + ${i * down}) * size.outFours + column] = sum${
          i * fours + j
        }${hasBias ? " + shift" : ""};
      }`)
      }
    }
  }`)
    }
}`,
  };
  shaders.set(name, shader);
  return shader;
}

/** The tile for few places, and for all others. */
export const TILES: readonly [Tile, Tile] = [
  { invocations: [8, 8], block: [4, 1], depth: 4 },
  { invocations: [16, 8], block: [4, 1], depth: 4 },
];

/** Rows of the product: places of all output images. */
function rowsOf({ batch, outSize: [height, width] }: TiledConvolution): number {
  return batch * height * width;
}

function groupsOf(
  { invocations: [down, across], block: [rows, fours] }: Tile,
  convolution: TiledConvolution,
): [number, number] {
  return [
    Math.ceil(convolution.outChannels / (4 * across * fours)),
    Math.ceil(rowsOf(convolution) / (down * rows)),
  ];
}

/** Whether channels come in fours, and tiles suffice. */
export function isTileable(convolution: TiledConvolution): boolean {
  const { inChannels, outChannels } = convolution;
  return inChannels % 4 === 0 && outChannels % 4 === 0 &&
    rowsOf(convolution) <= 32 * MOST_GROUPS;
}

/** The convolution of `x` by `filter`, with a bias for each output channel. */
export function convolveTiled(
  backend: TrainingBackend,
  { x, filter, bias }: {
    readonly x: TensorInfo;
    readonly filter: TensorInfo;
    readonly bias?: TensorInfo | undefined;
  },
  convolution: TiledConvolution,
  tile: Tile = tileFor(convolution),
): TensorInfo {
  const { batch, outSize, outChannels, window, inChannels } = convolution;
  const result = backend.allocate([batch, ...outSize, outChannels]);
  const inFours = inChannels / 4;
  const parts = window[0] * window[1] * Math.ceil(inFours / tile.depth);
  const words = wholeWords([
    ...convolution.steps,
    ...convolution.start,
    ...convolution.strides,
    ...convolution.inSize,
    ...outSize,
    ...window,
    ...[inFours, outChannels / 4, rowsOf(convolution), parts],
  ]);
  backend.run(
    shaderOf(tile, convolution.isTransposed, bias !== undefined),
    [result, x, filter, ...bias ? [bias] : []],
    { words: [words], groups: groupsOf(tile, convolution) },
  );
  return result;
}

/** Workgroups that keep a large card busy. */
const BUSY = 200;

function tileFor(convolution: TiledConvolution): Tile {
  const [small, usual] = TILES;
  const [across, down] = groupsOf(usual, convolution);
  return across * down < BUSY ? small : usual;
}
