/**
 * 3D convolutions with "same" padding of windows smaller than the stride, for
 * backends whose own kernels let tfjs compute the padding.
 */

import {
  getKernel,
  type KernelBackend,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
  util,
} from "@tensorflow/tfjs";
import { conv3DInfo } from "./_same_padding.ts";

interface Call {
  readonly inputs: NamedTensorInfoMap;
  readonly attrs: NamedAttrMap;
  readonly backend: KernelBackend;
}

/**
 * The shape of the part of the input that the windows reach, which has no
 * negative padding and as many windows.
 */
function reached(
  shape: number[],
  filterShape: number[],
  attrs: NamedAttrMap,
): number[] {
  const { strides, dilations = 1, pad } = attrs as {
    strides: number;
    dilations: number;
    pad: "same" | "valid";
  };
  if (pad !== "same") return shape;
  const info = conv3DInfo(shape, filterShape, strides, dilations, pad);
  const least = (size: number, out: number, stride: number, taps: number) =>
    Math.min(size, (out - 1) * stride + taps);
  return [
    shape[0],
    least(
      info.inDepth,
      info.outDepth,
      info.strideDepth,
      info.effectiveFilterDepth,
    ),
    least(
      info.inHeight,
      info.outHeight,
      info.strideHeight,
      info.effectiveFilterHeight,
    ),
    least(
      info.inWidth,
      info.outWidth,
      info.strideWidth,
      info.effectiveFilterWidth,
    ),
    shape[4],
  ];
}

/** Replaces the three kernels of 3D convolutions. */
export function mendConv3D(backendName: string): void {
  const replace = (
    kernelName: string,
    mend: (
      call: Call,
      stock: (call: Call) => TensorInfo,
      other: (
        kernel: string,
        inputs: NamedTensorInfoMap,
        attrs: object,
      ) => TensorInfo,
    ) => TensorInfo,
  ) => {
    const config = getKernel(kernelName, backendName);
    if (config === undefined) return;
    unregisterKernel(kernelName, backendName);
    registerKernel({
      ...config,
      kernelFunc: (call) => {
        const own = call as Call;
        return mend(
          own,
          (call) => config.kernelFunc(call) as TensorInfo,
          (kernel, inputs, attrs) =>
            getKernel(kernel, backendName).kernelFunc({
              inputs,
              attrs: attrs as NamedAttrMap,
              backend: own.backend,
            }) as TensorInfo,
        );
      },
    });
  };
  const crop = (kernelName: string, filterOf: (call: Call) => number[]) =>
    replace(kernelName, (call, stock, other) => {
      const { x } = call.inputs as { x: TensorInfo };
      const size = reached(x.shape, filterOf(call), call.attrs);
      if (util.arraysEqual(size, x.shape)) return stock(call);
      const part = other("Slice", { x }, { begin: [0, 0, 0, 0, 0], size });
      const y = stock({ ...call, inputs: { ...call.inputs, x: part } });
      call.backend.disposeData(part.dataId);
      return y;
    });
  crop("Conv3D", ({ inputs }) => inputs.filter!.shape);
  crop(
    "Conv3DBackpropFilterV2",
    ({ attrs }) => attrs.filterShape as number[],
  );
  replace("Conv3DBackpropInputV2", (call, stock, other) => {
    const shape = call.attrs.inputShape as number[];
    const inputShape = reached(shape, call.inputs.filter!.shape, call.attrs);
    if (util.arraysEqual(inputShape, shape)) return stock(call);
    let dx = stock({ ...call, attrs: { ...call.attrs, inputShape } });
    // Axis by axis, as a shader pads no more than four.
    for (let axis = 1; axis < 4; axis++) {
      const more = shape[axis] - inputShape[axis];
      if (more === 0) continue;
      const outer = util.sizeFromShape(dx.shape.slice(0, axis));
      const inner = util.sizeFromShape(dx.shape.slice(axis + 1));
      const flat = { ...dx, shape: [outer, dx.shape[axis], inner] };
      const padded = other("PadV2", { x: flat }, {
        paddings: [[0, 0], [0, more], [0, 0]],
        constantValue: 0,
      });
      call.backend.disposeData(dx.dataId);
      dx = {
        ...padded,
        shape: dx.shape.map((n, i) => i === axis ? shape[axis] : n),
      };
    }
    return dx;
  });
}
