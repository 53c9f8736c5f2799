/**
 * The filter gradient of a depthwise convolution: for each place of the window,
 * the sums of products of a channel with its gradient. tfjs gives each weight one
 * invocation that loops over all places of all images.
 */

import {
  backend_util,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type DepthwiseConv2dNativeBackpropFilterInputs,
  util,
} from "@tensorflow/tfjs";
import {
  type ColumnReduction,
  columnShader,
  planColumns,
} from "../_column_reduction.ts";
import { shape4D } from "../../_shapes.ts";
import { replaceKernel } from "../_kernel.ts";
import { wholeWords } from "../_words.ts";
import { sizeOf } from "../_shape.ts";
import { sumColumns } from "./sum_columns.ts";

/** Places over which one invocation loops as fast as several. */
const FEW_PLACES = 256;

const PRODUCTS: ColumnReduction = {
  name: "depthwise_backprop_filter",
  bindings: [
    "var<storage, read_write> result: array<f32>",
    "var<storage, read> x: array<f32>",
    "var<storage, read> dy: array<f32>",
    "var<uniform> window: Window",
  ],
  type: "f32",
  functions: `
struct Window {
  pads: vec2<i32>, strides: vec2<i32>, dilations: vec2<i32>, input: vec2<i32>,
  output: vec2<i32>, width: i32, multiplier: i32,
};`,
  accumulate: `
    let place = i32(matrix);
    let offset = vec2(place / window.width, place % window.width) *
      window.dilations - window.pads;
    let channels = i32(size.columns) / window.multiplier;
    let channel = i32(column) / window.multiplier;
    // Places are counted on, as divisions are slow.
    var k = i32(first + lane);
    var at = vec2(k / window.output.y % window.output.x, k % window.output.y);
    var image = k / window.output.y / window.output.x;
    for (; k < i32(end); k += i32(lanes)) {
      let tap = at * window.strides + offset;
      if (all(tap >= vec2(0)) && all(tap < window.input)) {
        sum += dy[u32(k) * size.columns + column] * x[
          ((image * window.input.x + tap.x) * window.input.y + tap.y) *
            channels + channel];
      }
      at.y += i32(lanes);
      while (at.y >= window.output.y) {
        at.y -= window.output.y;
        at.x++;
        if (at.x == window.output.x) { at.x = 0; image++; }
      }
    }`,
  merge: "a + b",
  write:
    "result[(matrix * size.chunks + chunk) * size.columns + column] = sum;",
};

/** In the place of tfjs's DepthwiseConv2dNativeBackpropFilter. */
export const depthwiseBackpropFilterKernel = replaceKernel<
  DepthwiseConv2dNativeBackpropFilterInputs,
  DepthwiseConv2dNativeBackpropFilterAttrs
>(
  "DepthwiseConv2dNativeBackpropFilter",
  ({ inputs, attrs, backend }) => {
    const { x, dy } = inputs;
    const { filterShape } = attrs;
    const info = backend_util.computeConv2DInfo(
      shape4D(x),
      filterShape,
      attrs.strides,
      attrs.dilations,
      attrs.pad,
      attrs.dimRoundingMode,
      true,
    );
    if (!util.arraysEqual(dy.shape, info.outShape)) return undefined;
    const rows = info.batchSize * info.outHeight * info.outWidth;
    const columns = info.outChannels;
    const matrices = info.filterHeight * info.filterWidth;
    if (rows <= FEW_PLACES || sizeOf(filterShape) === 0) return undefined;
    const plan = planColumns({ rows, columns, matrices });
    const window = wholeWords([
      ...[info.padInfo.top, info.padInfo.left],
      ...[info.strideHeight, info.strideWidth],
      ...[info.dilationHeight, info.dilationWidth],
      ...[info.inHeight, info.inWidth],
      ...[info.outHeight, info.outWidth],
      ...[info.filterWidth, columns / info.inChannels],
    ]);
    const result = backend.allocate([...filterShape]);
    const parts = plan.chunks > 1
      ? backend.allocate([matrices, plan.chunks, columns])
      : result;
    backend.run(
      columnShader(PRODUCTS, plan),
      [parts, x, dy],
      { words: [window, plan.words], groups: plan.groups },
    );
    if (plan.chunks > 1) {
      const size = { rows: plan.chunks, columns, matrices };
      sumColumns(backend, { x: parts, result }, size);
      backend.disposeData(parts.dataId);
    }
    return result;
  },
);
