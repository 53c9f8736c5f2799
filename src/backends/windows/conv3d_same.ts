/**
 * 3D convolutions with "same" padding of windows smaller than the stride, for
 * backends whose own kernels let tfjs compute the padding.
 */

import {
  type Conv3DAttrs,
  type Conv3DBackpropFilterV2Attrs,
  type Conv3DBackpropInputV2Attrs,
  type Conv3DBackpropInputV2Inputs,
  getKernel,
  type KernelBackend,
  type TensorInfo,
  util,
} from "@tensorflow/tfjs";
import {
  type KernelCall,
  registeredKernel,
  replaceKernel,
} from "../_kernels.ts";
import { conv3DInfo, type Conv3DWindows } from "./same_padding.ts";
import { shape5D } from "../_shapes.ts";

/**
 * The shape of the part of the input that the windows reach, which has no
 * negative padding and as many windows.
 */
function reached(
  shape: number[],
  filterShape: number[],
  windows: Conv3DWindows,
): number[] {
  if (windows.pad !== "same") return shape;
  const info = conv3DInfo(shape, filterShape, windows);
  // From the first window's beginning to the last one's end.
  const depth = (info.outDepth - 1) * info.strideDepth;
  const height = (info.outHeight - 1) * info.strideHeight;
  const width = (info.outWidth - 1) * info.strideWidth;
  return [
    shape[0],
    Math.min(info.inDepth, depth + info.effectiveFilterDepth),
    Math.min(info.inHeight, height + info.effectiveFilterHeight),
    Math.min(info.inWidth, width + info.effectiveFilterWidth),
    shape[4],
  ];
}

/** Replaces the three kernels of 3D convolutions. */
export function mendConv3D(backendName: string): void {
  const has = (kernelName: string) =>
    getKernel(kernelName, backendName) !== undefined;
  const run = (
    kernelName: string,
    call: KernelCall<Record<string, TensorInfo>, object, KernelBackend>,
  ) => registeredKernel(kernelName, backendName)(call);
  type Cropped = { readonly x: TensorInfo; readonly filter?: TensorInfo };
  const crop = <Attrs extends Conv3DWindows>(
    kernelName: string,
    filterOf: (inputs: Cropped, attrs: Attrs) => number[],
  ) => {
    if (!has(kernelName)) return;
    replaceKernel<Cropped, Attrs, KernelBackend>(
      kernelName,
      backendName,
      (stock) => (call) => {
        const { inputs, attrs, backend } = call;
        const { x } = inputs;
        const size = reached(x.shape, filterOf(inputs, attrs), attrs);
        if (util.arraysEqual(size, x.shape)) return stock(call);
        const part = run("Slice", {
          inputs: { x },
          attrs: { begin: [0, 0, 0, 0, 0], size },
          backend,
        });
        const y = stock({ ...call, inputs: { ...inputs, x: part } });
        backend.disposeData(part.dataId);
        return y;
      },
    );
  };
  crop<Conv3DAttrs>("Conv3D", ({ filter }) => filter!.shape);
  crop<Conv3DBackpropFilterV2Attrs>(
    "Conv3DBackpropFilterV2",
    (_, { filterShape }) => filterShape,
  );
  if (!has("Conv3DBackpropInputV2")) return;
  replaceKernel<
    Conv3DBackpropInputV2Inputs,
    Conv3DBackpropInputV2Attrs,
    KernelBackend
  >("Conv3DBackpropInputV2", backendName, (stock) => (call) => {
    const { inputs, attrs, backend } = call;
    const shape = attrs.inputShape;
    const inputShape = shape5D(reached(shape, inputs.filter.shape, attrs));
    if (util.arraysEqual(inputShape, shape)) return stock(call);
    let dx = stock({ ...call, attrs: { ...attrs, inputShape } });
    // Axis by axis, as a shader pads no more than four.
    for (let axis = 1; axis < 4; axis++) {
      const more = shape[axis] - inputShape[axis];
      if (more === 0) continue;
      const outer = util.sizeFromShape(dx.shape.slice(0, axis));
      const inner = util.sizeFromShape(dx.shape.slice(axis + 1));
      const flat = { ...dx, shape: [outer, dx.shape[axis], inner] };
      const padded = run("PadV2", {
        inputs: { x: flat },
        attrs: { paddings: [[0, 0], [0, more], [0, 0]], constantValue: 0 },
        backend,
      });
      backend.disposeData(dx.dataId);
      dx = {
        ...padded,
        shape: dx.shape.map((n, i) => i === axis ? shape[axis] : n),
      };
    }
    return dx;
  });
}
