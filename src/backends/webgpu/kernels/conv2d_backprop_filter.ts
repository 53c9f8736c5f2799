/**
 * The filter gradient of a convolution, as a product of matrices: of the
 * windows of the input, as columns, and the output's gradient. The long sum over
 * all places of all images is split among workgroups; tfjs gives each weight one
 * invocation that loops over all of it.
 */

import { backend_util, type TensorInfo } from "@tensorflow/tfjs";
import { replaceKernel, wholeWords } from "../_kernel.ts";
import type { Shader } from "../_shader.ts";
import { sizeOf } from "../_shape.ts";
import {
  DEPTH,
  INVOCATIONS,
  sideFor,
  type Tile,
  tileMemory,
  tileMultiply,
  tileStart,
  tileWrite,
} from "../_tile.ts";
import { sumColumns } from "./sum_columns.ts";

/** Workgroups that keep a large card busy. */
const WORKGROUPS = 1024;
/** Terms of the sum that are worth a workgroup of their own. */
const LEAST_TERMS = 128;

const shaders = new Map<string, Shader>();

function shaderOf(tile: Tile): Shader {
  const name = `conv2d_backprop_filter_${tile.rows}_${tile.columns}`;
  let shader = shaders.get(name);
  if (shader !== undefined) return shader;
  const width = 16 * tile.rows;
  const columnWidth = 16 * tile.columns;
  shader = {
    name,
    code: `
struct Size {
  pads: vec2<i32>, strides: vec2<i32>, input: vec2<i32>, output: vec2<i32>,
  window: vec2<i32>, channels: i32, rows: i32, columns: i32, terms: i32,
  perSplit: i32,
};
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<uniform> size: Size;
${tileMemory(tile)}
@compute @workgroup_size(${INVOCATIONS})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let row = index / 16;
  let column = index % 16;
  let firstRow = group.y * ${width}u;
  let firstColumn = group.x * ${columnWidth}u;
  let begin = i32(group.z) * size.perSplit;
  let end = min(begin + size.perSplit, size.terms);
  // The weight whose windows this invocation fetches.
  let m = i32(firstRow + index % ${width}u);
  let channel = m % size.channels;
  let place = m / size.channels;
  let offset = vec2(place / size.window.y, place % size.window.y) - size.pads;
  let n = i32(firstColumn + index % ${columnWidth}u);
  ${tileStart(tile)}
  for (var k0 = begin; k0 < end; k0 += ${DEPTH}) {
    for (var t = index / ${width}u; t < ${DEPTH}; t += ${INVOCATIONS / width}) {
      let k = k0 + i32(t);
      var value = 0.0;
      if (k < end && m < size.rows) {
        let line = k / size.output.y;
        let at = vec2(line % size.output.x, k % size.output.y) * size.strides +
          offset;
        if (all(at >= vec2(0)) && all(at < size.input)) {
          let image = line / size.output.x;
          value = x[((image * size.input.x + at.x) * size.input.y + at.y) *
            size.channels + channel];
        }
      }
      rowTile[t * rowStride + index % ${width}u] = value;
    }
    for (
      var t = index / ${columnWidth}u;
      t < ${DEPTH};
      t += ${INVOCATIONS / columnWidth}
    ) {
      let k = k0 + i32(t);
      var value = 0.0;
      if (k < end && n < size.columns) { value = dy[k * size.columns + n]; }
      columnTile[t * columnStride + index % ${columnWidth}u] = value;
    }
    workgroupBarrier();
    ${tileMultiply(tile)}
    workgroupBarrier();
  }
  let split = i32(group.z) * size.rows;
  ${
      tileWrite(tile, (r, c, sum) =>
        `{
    let m = i32(firstRow + ${r});
    let n = i32(firstColumn + ${c});
    if (m < size.rows && n < size.columns) {
      result[(split + m) * size.columns + n] = ${sum};
    }
  }`)
    }
}`,
  };
  shaders.set(name, shader);
  return shader;
}

/** In the place of tfjs's Conv2DBackpropFilter. */
export const conv2dBackpropFilterKernel = replaceKernel(
  "Conv2DBackpropFilter",
  ({ inputs, attrs, backend }) => {
    const { x, dy } = inputs as Record<string, TensorInfo>;
    if (attrs.dataFormat !== "NHWC") return undefined;
    const filterShape = attrs.filterShape as [number, number, number, number];
    const info = backend_util.computeConv2DInfo(
      x.shape as [number, number, number, number],
      filterShape,
      attrs.strides as number,
      1,
      attrs.pad as number,
      attrs.dimRoundingMode as "floor",
    );
    const columns = info.outChannels;
    const rows = sizeOf(filterShape) / columns;
    const terms = info.batchSize * info.outHeight * info.outWidth;
    const result = backend.allocate([...filterShape]);
    const tile = { rows: sideFor(rows), columns: sideFor(columns) };
    const groups: [number, number] = [
      Math.ceil(columns / (16 * tile.columns)),
      Math.ceil(rows / (16 * tile.rows)),
    ];
    const wanted = Math.ceil(WORKGROUPS / (groups[0] * groups[1]));
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
      ...[info.inChannels, rows, columns, terms, perSplit, 0],
    ]);
    backend.run(shaderOf(tile), [parts, x, dy], [words], [...groups, splits]);
    if (splits > 1) {
      const size = { rows: splits, columns: rows * columns, matrices: 1 };
      sumColumns(backend, parts, result, size);
      backend.disposeData(parts.dataId);
    }
    return result;
  },
);
