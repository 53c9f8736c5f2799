import {
  backend_util,
  type Conv2DBackpropInputAttrs,
  type Conv2DBackpropInputInputs,
  util,
} from "@tensorflow/tfjs";
import { addressOf, Compute } from "./compute/compute.ts";
import { convolve } from "./compute/convolution.ts";
import { plain } from "./compute/finish.ts";
import { defer } from "./_deferred.ts";
import { shape4D } from "../_shapes.ts";
import {
  type BackendWasm,
  callKernel,
  release,
  requireChannelsLast,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";

/** One dimension of a convolution. */
interface Axis {
  readonly inSize: number;
  readonly taps: number;
  readonly stride: number;
  readonly padBefore: number;
}

/**
 * The entries of an axis that a stride visits alike: with stride 2 the even
 * ones meet every second tap, and the odd ones the others.
 */
interface Phase {
  /** The first of its entries, and how many there are. */
  readonly first: number;
  readonly count: number;
  /** The first of its taps, and how many there are. */
  readonly firstTap: number;
  readonly taps: number;
  /** Where its first entry's window begins in dy. */
  readonly start: number;
}

function phasesOf({ inSize, taps, stride, padBefore }: Axis): Phase[] {
  return Array.from({ length: Math.min(stride, inSize) }, (_, first) => {
    const firstTap = (first + padBefore) % stride;
    const visited = Math.max(0, Math.ceil((taps - firstTap) / stride));
    return {
      first,
      count: Math.ceil((inSize - first) / stride),
      firstTap,
      taps: visited,
      start: Math.floor((first + padBefore) / stride) - visited + 1,
    };
  }).filter((phase) => phase.taps > 0);
}

interface Tensors {
  readonly dy: TensorInfo;
  readonly filter: TensorInfo;
  readonly out: TensorInfo;
}

/**
 * Convolves dy at stride 1 with the taps of one phase, turned by 180°, and
 * leaves the results where the phase's entries lie.
 */
function convolvePhase(
  backend: BackendWasm,
  { dy, filter, out }: Tensors,
  { info, rows, columns }: {
    readonly info: backend_util.Conv2DInfo;
    readonly rows: Phase;
    readonly columns: Phase;
  },
): void {
  const { inWidth, inChannels, outChannels, strideHeight, strideWidth } = info;
  const tapBytes = 4 * inChannels * outChannels;
  const tapRowBytes = info.filterWidth * tapBytes;
  const lastRow = rows.firstTap + (rows.taps - 1) * strideHeight;
  const lastColumn = columns.firstTap + (columns.taps - 1) * strideWidth;
  const pixelBytes = 4 * inChannels;
  const every = strideHeight === 1 && strideWidth === 1;
  convolve(Compute.of(backend), {
    images: {
      address: addressOf(backend, dy),
      count: dy.shape[0],
      height: dy.shape[1],
      width: dy.shape[2],
      channels: outChannels,
    },
    windows: {
      rows: rows.count,
      columns: columns.count,
      top: -rows.start,
      left: -columns.start,
      strideHeight: 1,
      strideWidth: 1,
      dilationHeight: 1,
      dilationWidth: 1,
      filterHeight: rows.taps,
      filterWidth: columns.taps,
    },
    weights: {
      address: addressOf(backend, filter) + lastRow * tapRowBytes +
        lastColumn * tapBytes,
      tapRows: rows.taps,
      tapRowStep: -strideHeight * tapRowBytes,
      taps: columns.taps,
      tapStep: -strideWidth * tapBytes,
      run: outChannels,
      rowStep: 4,
      columns: inChannels,
      columnStep: 4 * outChannels,
    },
    out: addressOf(backend, out) +
      (rows.first * inWidth + columns.first) * pixelBytes,
    outSteps: every ? undefined : {
      outColumnStep: strideWidth * pixelBytes,
      outRowStep: strideHeight * inWidth * pixelBytes,
      outImageStep: info.inHeight * inWidth * pixelBytes,
    },
    finish: plain,
  });
}

function backpropInput(
  backend: BackendWasm,
  { dy, filter, out }: Tensors,
  info: backend_util.Conv2DInfo,
): void {
  // tfjs's transposed convolution takes a dy that is larger than the output
  // would be, and leaves the rest of it out.
  const exact = dy.shape.every((size, i) => size === info.outShape[i]);
  const used = exact ? dy : callKernel(backend, "Slice", {
    inputs: { x: dy },
    attrs: {
      begin: [0, 0, 0, 0],
      size: info.outShape,
    },
  });
  const rowPhases = phasesOf({
    inSize: info.inHeight,
    taps: info.filterHeight,
    stride: info.strideHeight,
    padBefore: info.padInfo.top,
  });
  const columnPhases = phasesOf({
    inSize: info.inWidth,
    taps: info.filterWidth,
    stride: info.strideWidth,
    padBefore: info.padInfo.left,
  });
  const visited = (phases: Phase[]) =>
    phases.reduce((sum, { count }) => sum + count, 0);
  if (
    visited(rowPhases) < info.inHeight || visited(columnPhases) < info.inWidth
  ) {
    const size = util.sizeFromShape(info.inShape);
    Compute.of(backend).floats(addressOf(backend, out), size).fill(0);
  }
  const tensors = { dy: used, filter, out };
  for (const rows of rowPhases) {
    for (const columns of columnPhases) {
      convolvePhase(backend, tensors, { info, rows, columns });
    }
  }
  if (used !== dy) release(backend, used);
}

/**
 * The gradient of a convolution with respect to its input, which tfjs's WASM
 * backend runs as a naive loop: the convolution of dy with the filter turned by
 * 180° and its channels swapped, for each phase of the stride.
 */
export const conv2DBackpropInputKernel = wasmKernel<
  Conv2DBackpropInputInputs,
  Conv2DBackpropInputAttrs
>("Conv2DBackpropInput", ({ inputs, attrs, backend }) => {
  const { dy, filter } = inputs;
  requireChannelsLast("Conv2DBackpropInput", attrs.dataFormat);
  const info = backend_util.computeConv2DInfo(
    attrs.inputShape,
    shape4D(filter),
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  const out = backend.makeOutput(info.inShape, "float32");
  defer(backend, out, {
    inputs: [dy, filter],
    compute: () => backpropInput(backend, { dy, filter, out }, info),
  });
  return out;
});
