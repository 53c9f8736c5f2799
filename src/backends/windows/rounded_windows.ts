/**
 * Windows that reach over the far end of an image, as `dimRoundingMode` "ceil"
 * and "round" let them: tfjs (4.22) forgets the mode in its gradients, and its
 * WASM kernel of depthwise convolutions does altogether. Here the mode becomes
 * the padding that it stands for, before any kernel or gradient sees it.
 */

import type * as tf from "@tensorflow/tfjs";
import { aroundKernels } from "../_engine.ts";

type RoundingMode = "floor" | "round" | "ceil";

/** What convolutions and poolings of images have in common. */
interface WindowAttrs {
  readonly strides: number | [number, number];
  readonly pad: "valid" | "same" | number | [number, number][];
  readonly dilations?: number | [number, number] | null;
  readonly dataFormat?: "NHWC" | "NCHW";
  readonly dimRoundingMode?: RoundingMode;
  readonly filterSize?: number | [number, number];
  readonly inputShape?: number[];
}

/** The kernels, each with the input that has the shape of the image. */
const KERNELS: Readonly<Record<string, "x" | undefined>> = {
  Conv2D: "x",
  FusedConv2D: "x",
  DepthwiseConv2dNative: "x",
  FusedDepthwiseConv2D: "x",
  MaxPool: "x",
  AvgPool: "x",
  // Of an image of `inputShape`, which is the output.
  Conv2DBackpropInput: undefined,
};

function pair(value: number | readonly number[]): readonly number[] {
  return typeof value === "number" ? [value, value] : value;
}

function round(value: number, mode: RoundingMode): number {
  if (mode === "ceil") return Math.ceil(value);
  return mode === "round" ? Math.round(value) : Math.floor(value);
}

/** The padding of each axis that makes whole windows of those that are counted. */
function wholePadding(
  attrs: WindowAttrs,
  image: readonly number[],
  filter: readonly number[],
): [number, number][] {
  const { strides, dilations, pad, dimRoundingMode = "floor" } = attrs;
  const first = attrs.dataFormat === "NCHW" ? 2 : 1;
  const sides = [0, 1].map((axis): [number, number] => {
    const size = image[first + axis];
    const stride = pair(strides)[axis];
    const reach = (filter[axis] - 1) * pair(dilations ?? 1)[axis] + 1;
    const [before, after] = typeof pad === "object"
      ? pad[first + axis]
      : [Number(pad), Number(pad)];
    const free = size + before + after - reach;
    const out = round(free / stride + 1, dimRoundingMode);
    return [before, after + Math.max(0, (out - 1) * stride - free)];
  });
  return first === 1 ? [[0, 0], ...sides, [0, 0]] : [[0, 0], [0, 0], ...sides];
}

/** The attributes with the padding that their mode stands for. */
function withPadding(
  name: string,
  inputs: tf.NamedTensorMap,
  attrs: tf.NamedAttrMap,
): tf.NamedAttrMap {
  const windows = attrs as unknown as WindowAttrs;
  const { pad, dimRoundingMode, filterSize, inputShape } = windows;
  const isRoundedUp = dimRoundingMode === "ceil" || dimRoundingMode === "round";
  if (!isRoundedUp || typeof pad === "string") return attrs;
  const own = KERNELS[name];
  const image = own ? inputs[own].shape : inputShape!;
  const filter = filterSize === undefined
    ? inputs.filter.shape
    : pair(filterSize);
  return {
    ...attrs,
    pad: wholePadding(windows, image, filter),
    dimRoundingMode: "floor",
  };
}

let mended = false;

/** Lets the engine run no kernel by a rounding mode, once for all backends. */
export function mendRoundedWindows(): void {
  if (mended) return;
  mended = true;
  aroundKernels(
    Object.keys(KERNELS),
    (run) => (name, inputs, attrs) =>
      run(name, inputs, attrs && withPadding(name, inputs, attrs)),
  );
}
