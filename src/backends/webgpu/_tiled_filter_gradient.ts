/**
 * The filter gradient of a convolution whose channels come in fours, as a product
 * of matrices in tiles: rows are the weights of a window of all input channels,
 * columns the output's channels, and the sum goes over the places of all images,
 * split so that workgroups enough to keep a card busy share it. A workgroup holds
 * what some places need of both sides in its own memory, as a tiled convolution
 * does; the places that it reads next are a step away, without a division.
 */

import type { TensorInfo } from "@tensorflow/tfjs";
import type { TrainingBackend } from "./_training_backend.ts";
import type { Shader } from "./_shader.ts";
import { type ConvolutionSizes, each, type Tile } from "./_tile.ts";
import { wholeWords } from "./_words.ts";
import { sumColumns } from "./kernels/sum_columns.ts";

/** A convolution whose filter's gradient is asked for. */
export interface FilterGradient extends ConvolutionSizes {
  /** What is added before the first row and column of the input. */
  readonly pads: readonly [number, number];
}

const shaders = new Map<string, Shader>();

function shaderOf(
  { invocations: [down, across], block: [rows, fours], depth }: Tile,
): Shader {
  const name = ["filter_gradient", down, across, rows, fours, depth].join("_");
  let shader = shaders.get(name);
  if (shader !== undefined) return shader;
  const threads = down * across;
  const places = 4 * depth;
  // In fours, of rows and of columns.
  const rowFours = rows / 4;
  const height = down * rowFours;
  const width = across * fours;
  const leftLoads = places * height / threads;
  const rightLoads = places * width / threads;
  shader = {
    name,
    code: `
struct Size {
  pads: vec2<i32>, strides: vec2<i32>, input: vec2<i32>, output: vec2<i32>,
  window: vec2<i32>, step: vec2<i32>, inFours: i32, outFours: i32,
  rowFours: i32, terms: i32, perSplit: i32, images: i32,
};
@group(0) @binding(0) var<storage, read_write> result: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> size: Size;
var<workgroup> left: array<vec4<f32>, ${places * height}>;
var<workgroup> right: array<vec4<f32>, ${places * width}>;
@compute @workgroup_size(${threads})
fn main(
  @builtin(local_invocation_index) local: u32,
  @builtin(workgroup_id) group: vec3<u32>,
) {
  let thread = i32(local);
  let firstRow = i32(group.y) * ${height};
  let firstColumn = i32(group.x) * ${width};
  let begin = i32(group.z) * size.perSplit;
  let end = min(begin + size.perSplit, size.terms);
  let row = firstRow + thread % ${height};
  let weight = row / size.inFours;
  let offset = vec2(weight / size.window.y, weight % size.window.y) - size.pads;
  let channel = row % size.inFours;
  let column = firstColumn + thread % ${width};
  ${
      each(leftLoads, (i) => `
  var term${i} = begin + thread / ${height} + ${i * threads / height};
  var at${i} = vec2(term${i} / size.output.y % size.output.x, term${i} % size.output.y);
  var image${i} = term${i} / (size.output.x * size.output.y);
  var nextLeft${i} = vec4<f32>();`)
    }
  ${
      each(rightLoads, (i) => `
  var place${i} = begin + thread / ${width} + ${i * threads / width};
  var nextRight${i} = vec4<f32>();`)
    }
  ${each(rows * fours, (i) => `var sum${i} = vec4<f32>();`)}
  let down = thread / ${across};
  let along = thread % ${across};
  let parts = (end - begin + ${places - 1}) / ${places};
  for (var part = 0; part <= parts; part++) {
    workgroupBarrier();
    if (part > 0) {
      ${each(leftLoads, (i) => `left[thread + ${i * threads}] = nextLeft${i};`)}
      ${
      each(rightLoads, (i) => `right[thread + ${i * threads}] = nextRight${i};`)
    }
    }
    workgroupBarrier();
    if (part < parts) {
      ${
      each(leftLoads, (i) => `
      {
        let source = at${i} * size.strides + offset;
        nextLeft${i} = vec4<f32>();
        if (term${i} < end && row < size.rowFours && all(source >= vec2(0)) &&
            all(source < size.input)) {
          nextLeft${i} = x[((image${i} * size.input.x + source.x) * size.input.y + source.y) *
            size.inFours + channel];
        }
        term${i} += ${places};
        at${i} += size.step;
        image${i} += size.images;
        if (at${i}.y >= size.output.y) { at${i} += vec2(1, -size.output.y); }
        if (at${i}.x >= size.output.x) { at${i}.x -= size.output.x; image${i}++; }
      }`)
    }
      ${
      each(rightLoads, (i) => `
      nextRight${i} = vec4<f32>();
      if (place${i} < end && column < size.outFours) {
        nextRight${i} = dy[place${i} * size.outFours + column];
      }
      place${i} += ${places};`)
    }
    }
    if (part > 0) {
      for (var k = 0; k < ${places}; k++) {
        ${
      each(rowFours, (i) =>
        `let a${i} = left[k * ${height} + down + ${i * down}];`)
    }
        ${
      each(fours, (j) =>
        `let b${j} = right[k * ${width} + along + ${j * across}];`)
    }
        ${
      each(rows, (i) =>
        each(fours, (j) =>
          `sum${i * fours + j} += a${i >> 2}[${i % 4}] * b${j};`))
    }
      }
    }
  }
  ${
      each(fours, (j) => `
  if (firstColumn + along + ${j * across} < size.outFours) {
    ${
        each(rowFours, (i) => `
    if (firstRow + down + ${i * down} < size.rowFours) {
      let to = (i32(group.z) * size.rowFours + firstRow + down + ${
          i * down
        }) * 4 *
        size.outFours + firstColumn + along + ${j * across};
      ${
          each(4, (c) =>
            `result[to + ${c} * size.outFours] = sum${
              (4 * i + c) * fours + j
            };`)
        }
    }`)
      }
  }`)
    }
}`,
  };
  shaders.set(name, shader);
  return shader;
}

/** The tile for few weights, and for many to many channels. */
const FILTER_TILES: readonly [Tile, Tile] = [
  { invocations: [16, 8], block: [4, 1], depth: 4 },
  { invocations: [16, 8], block: [8, 2], depth: 4 },
];

function tileFor(rows: number, columns: number): Tile {
  const [small, large] = FILTER_TILES;
  return rows >= 512 && columns > 32 ? large : small;
}

/** Workgroups that keep a large card busy. */
const BUSY = 264;
/** Numbers that the parts of the sum may take: 64 MB. */
const MOST_PARTS = 2 ** 24;
/** Terms of the sum that are worth a workgroup. */
const LEAST_TERMS = 256;

/** The gradient of the filter, from the input `x` and the output's gradient. */
export function filterGradientTiled(
  backend: TrainingBackend,
  { x, dy }: { readonly x: TensorInfo; readonly dy: TensorInfo },
  gradient: FilterGradient,
): TensorInfo {
  const { inChannels, outChannels, window, outSize } = gradient;
  const allRows = window[0] * window[1] * inChannels;
  const tile = tileFor(allRows, outChannels);
  const { invocations: [down, across], block: [rows, fours], depth } = tile;
  const terms = gradient.batch * outSize[0] * outSize[1];
  const groups = [
    Math.ceil(outChannels / (4 * across * fours)),
    Math.ceil(allRows / (down * rows)),
  ] as const;
  const wanted = Math.max(
    1,
    Math.min(
      BUSY / (groups[0] * groups[1]),
      MOST_PARTS / (allRows * outChannels),
    ),
  );
  const places = 4 * depth;
  const perSplit = places *
    Math.ceil(Math.max(LEAST_TERMS, terms / wanted) / places);
  const splits = Math.ceil(terms / perSplit);
  const shape = [...window, inChannels, outChannels];
  const result = backend.allocate(shape);
  const parts = splits > 1 ? backend.allocate([splits, ...shape]) : result;
  const ofImage = places % (outSize[0] * outSize[1]);
  const words = wholeWords([
    ...gradient.pads,
    ...gradient.strides,
    ...gradient.inSize,
    ...outSize,
    ...window,
    ...[Math.floor(ofImage / outSize[1]), ofImage % outSize[1]],
    ...[inChannels / 4, outChannels / 4, allRows / 4, terms, perSplit],
    Math.floor(places / (outSize[0] * outSize[1])),
  ]);
  backend.run(shaderOf(tile), [parts, x, dy], {
    words: [words],
    groups: [...groups, splits],
  });
  if (splits > 1) {
    const size = { rows: splits, columns: allRows * outChannels, matrices: 1 };
    sumColumns(backend, { x: parts, result }, size);
    backend.disposeData(parts.dataId);
  }
  return result;
}
