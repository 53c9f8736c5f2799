import {
  backend_util,
  type Conv2DBackpropInputAttrs,
  type Conv2DBackpropInputInputs,
} from "@tensorflow/tfjs";
import {
  callKernel,
  type KernelCall,
  release,
  requireChannelsLast,
  type TensorInfo,
  transpose,
  viewAs,
  wasmKernel,
} from "./_wasm_kernel.ts";

type Shape4D = [number, number, number, number];

/** Where the gradient of one dimension comes from. */
interface Axis {
  readonly inSize: number;
  readonly outSize: number;
  readonly stride: number;
  readonly taps: number;
  readonly padBefore: number;
}

/**
 * Spreads dy with stride − 1 zeros between its rows and columns, so that a
 * strided convolution's gradient becomes one of stride 1.
 */
function dilate(
  backend: KernelCall<unknown, unknown>["backend"],
  dy: TensorInfo,
  strideHeight: number,
  strideWidth: number,
): TensorInfo {
  const [n, h, w, c] = dy.shape;
  const spread = callKernel(
    backend,
    "PadV2",
    { x: viewAs(dy, [n * h, 1, w, c]) },
    {
      paddings: [[0, 0], [0, strideHeight - 1], [0, 0], [0, 0]],
      constantValue: 0,
    },
  );
  const both = callKernel(
    backend,
    "PadV2",
    { x: viewAs(spread, [n * h * strideHeight * w, c]) },
    { paddings: [[0, 0], [0, c * (strideWidth - 1)]], constantValue: 0 },
  );
  release(backend, spread);
  return { ...both, shape: [n, h * strideHeight, w * strideWidth, c] };
}

/**
 * The gradient of a convolution with respect to its input, which tfjs's WASM
 * backend runs as a naive loop.
 *
 * It is the convolution of dy (spread by the stride) with the filter turned by
 * 180° and its channels swapped.
 */
function conv2DBackpropInput(
  { inputs, attrs, backend }: KernelCall<
    Conv2DBackpropInputInputs,
    Conv2DBackpropInputAttrs
  >,
): TensorInfo {
  const { dy, filter } = inputs;
  const { strides, pad, dataFormat, dimRoundingMode, inputShape } = attrs;
  requireChannelsLast("Conv2DBackpropInput", dataFormat);
  const info = backend_util.computeConv2DInfo(
    inputShape,
    filter.shape as Shape4D,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const turned = callKernel(backend, "Reverse", { x: filter }, {
    dims: [0, 1],
  });
  const taps = transpose(backend, turned, [0, 1, 3, 2]);
  release(backend, turned);
  const strided = info.strideHeight > 1 || info.strideWidth > 1;
  const spread = strided
    ? dilate(backend, dy, info.strideHeight, info.strideWidth)
    : dy;
  const padding = (axis: Axis): [number, number] => {
    const before = axis.taps - 1 - axis.padBefore;
    return [before, axis.inSize + axis.padBefore - axis.outSize * axis.stride];
  };
  const rows = padding({
    inSize: info.inHeight,
    outSize: info.outHeight,
    stride: info.strideHeight,
    taps: info.filterHeight,
    padBefore: info.padInfo.top,
  });
  const columns = padding({
    inSize: info.inWidth,
    outSize: info.outWidth,
    stride: info.strideWidth,
    taps: info.filterWidth,
    padBefore: info.padInfo.left,
  });
  // A padding larger than the filter leaves outputs that see only zeros; their
  // dy is cut off, as a convolution cannot be padded by less than nothing.
  const cut = (side: number) => Math.max(0, -side);
  const cuts = [...rows, ...columns].map(cut);
  const used = cuts.some((size) => size > 0)
    ? callKernel(backend, "Slice", { x: spread }, {
      begin: [0, cuts[0], cuts[2], 0],
      size: [
        spread.shape[0],
        spread.shape[1] - cuts[0] - cuts[1],
        spread.shape[2] - cuts[2] - cuts[3],
        spread.shape[3],
      ],
    })
    : spread;
  const grow = ([before, after]: [number, number]) => [
    Math.max(0, before),
    Math.max(0, after),
  ];
  const dx = callKernel(backend, "Conv2D", { x: used, filter: taps }, {
    strides: 1,
    dilations: 1,
    pad: [[0, 0], grow(rows), grow(columns), [0, 0]],
    dataFormat: "NHWC",
  });
  if (used !== spread) release(backend, used);
  if (spread !== dy) release(backend, spread);
  release(backend, taps);
  return dx;
}

export const conv2DBackpropInputKernel = wasmKernel(
  "Conv2DBackpropInput",
  conv2DBackpropInput,
);
