/**
 * The input gradient of a convolution, as a product of matrices: of the output's
 * gradient about each place of the input, and the filter. With a stride, places
 * of the input meet different weights by their remainder; each such phase is a
 * product of its own, so that no term is a zero that the stride put there.
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

/** Workgroups below which smaller tiles keep a large card busier. */
const WORKGROUPS = 256;
/** The most workgroups in a dimension. */
const MOST = 65535;

const shaders = new Map<string, Shader>();

function shaderOf(tile: Tile): Shader {
  const name = `conv2d_backprop_input_${tile.rows}_${tile.columns}`;
  let shader = shaders.get(name);
  if (shader !== undefined) return shader;
  const height = 16 * tile.rows;
  const width = 16 * tile.columns;
  const eachRow = (line: (i: number) => string) =>
    Array.from({ length: tile.rows }, (_, i) => line(i)).join("\n");
  shader = {
    name,
    code: `
struct Size {
  pads: vec2<i32>, strides: vec2<i32>, input: vec2<i32>, output: vec2<i32>,
  window: vec2<i32>, phase: vec2<i32>, taps: vec2<i32>,
  inChannels: i32, outChannels: i32, rows: i32, tiles: i32,
};
@group(0) @binding(0) var<storage, read_write> dx: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> filters: array<f32>;
@group(0) @binding(3) var<uniform> size: Size;
${tileMemory(tile)}
// The image, and the place in it, of a row of the product.
fn placeOf(p: i32, remainder: vec2<i32>) -> vec3<i32> {
  let line = p / size.phase.y;
  let at = vec2(line % size.phase.x, p % size.phase.y) * size.strides + remainder;
  return vec3(line / size.phase.x, at);
}
@compute @workgroup_size(${INVOCATIONS})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let row = index / 16;
  let column = index % 16;
  let z = i32(group.z);
  let remainder = vec2(z / size.strides.y, z % size.strides.y);
  let firstTap = (remainder + size.pads) % size.strides;
  let firstColumn = group.x * ${width}u;
  let terms = size.taps.x * size.taps.y * size.outChannels;
  for (var tile = group.y; tile < u32(size.tiles); tile += groups.y) {
    let firstRow = tile * ${height}u;
    ${
      eachRow((i) =>
        `let place${i} = placeOf(i32(firstRow + row + ${16 * i}), remainder);`
      )
    }
    ${tileStart(tile)}
    for (var k0 = 0; k0 < terms; k0 += ${DEPTH}) {
      // Each invocation fetches the terms of one tap and channel.
      let k = k0 + i32(column);
      let channel = k % size.outChannels;
      let tap = k / size.outChannels;
      let w = firstTap +
        vec2(tap / size.taps.y, tap % size.taps.y) * size.strides;
      let isTap = k < terms && all(w < size.window);
      ${
      eachRow((i) =>
        `{
        let y = (place${i}.yz + size.pads - w) / size.strides;
        var value = 0.0;
        if (
          isTap && i32(firstRow + row) + ${16 * i} < size.rows &&
          all(place${i}.yz + size.pads >= w) && all(y < size.output)
        ) {
          value = dy[((place${i}.x * size.output.x + y.x) * size.output.y + y.y) *
            size.outChannels + channel];
        }
        rowTile[column * rowStride + row + ${16 * i}] = value;
      }`
      )
    }
      for (var j = row; j < ${width}; j += 16) {
        let n = i32(firstColumn + j);
        var value = 0.0;
        if (isTap && n < size.inChannels) {
          value = filters[((w.x * size.window.y + w.y) * size.inChannels + n) *
            size.outChannels + channel];
        }
        columnTile[column * columnStride + j] = value;
      }
      workgroupBarrier();
      ${tileMultiply(tile)}
      workgroupBarrier();
    }
    ${
      tileWrite(tile, (r, c, sum) =>
        `{
      let p = i32(firstRow + ${r});
      let n = i32(firstColumn + ${c});
      let place = placeOf(p, remainder);
      if (p < size.rows && n < size.inChannels && all(place.yz < size.input)) {
        dx[((place.x * size.input.x + place.y) * size.input.y + place.z) *
          size.inChannels + n] = ${sum};
      }
    }`)
    }
  }
}`,
  };
  shaders.set(name, shader);
  return shader;
}

/** In the place of tfjs's Conv2DBackpropInput; computed when it is used. */
export const conv2dBackpropInputKernel = replaceKernel(
  "Conv2DBackpropInput",
  ({ inputs, attrs, backend }) => {
    const { dy, filter } = inputs as Record<string, TensorInfo>;
    if (attrs.dataFormat !== "NHWC") return undefined;
    const inputShape = attrs.inputShape as [number, number, number, number];
    const info = backend_util.computeConv2DInfo(
      inputShape,
      filter.shape as [number, number, number, number],
      attrs.strides as number,
      1,
      attrs.pad as number,
      attrs.dimRoundingMode as "floor",
    );
    if (sizeOf(inputShape) === 0) return undefined;
    return backend.defer([...inputShape], {
      inputs: [dy, filter],
      compute() {
        const { strideHeight, strideWidth, inChannels, outChannels } = info;
        const phase = [
          Math.ceil(info.inHeight / strideHeight),
          Math.ceil(info.inWidth / strideWidth),
        ];
        const rows = info.batchSize * phase[0] * phase[1];
        const columns = sideFor(inChannels);
        const across = Math.ceil(inChannels / (16 * columns));
        const phases = strideHeight * strideWidth;
        let side = 4;
        const tilesOf = () => Math.ceil(rows / (16 * side));
        while (side > 1 && tilesOf() * across * phases < WORKGROUPS) side /= 2;
        const tiles = tilesOf();
        const words = wholeWords([
          ...[info.padInfo.top, info.padInfo.left],
          ...[strideHeight, strideWidth],
          ...[info.inHeight, info.inWidth],
          ...[info.outHeight, info.outWidth],
          ...[info.filterHeight, info.filterWidth],
          ...phase,
          ...[
            Math.ceil(info.filterHeight / strideHeight),
            Math.ceil(info.filterWidth / strideWidth),
          ],
          ...[inChannels, outChannels, rows, tiles],
        ]);
        const dx = backend.allocate([...inputShape]);
        backend.run(
          shaderOf({ rows: side, columns }),
          [dx, dy, filter],
          [words],
          [across, Math.min(MOST, tiles), phases],
        );
        return dx;
      },
    });
  },
);
