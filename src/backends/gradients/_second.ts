/**
 * Gradients of the kernels that compute gradients of convolutions and pooling:
 * second gradients, which penalties on gradients need and tfjs (4.22) lacks.
 */

import * as tf from "@tensorflow/tfjs";
import { outside } from "./_avg_pool.ts";
import { firstOf, registerGradient, runKernel } from "../_engine.ts";
import { pool3DInfo } from "../windows/same_padding.ts";
import { shape4D } from "../_shapes.ts";
import { axesOfInfo, type WindowAxis } from "../windows/window_axes.ts";

/** Both are linear in their two inputs. */
function addDepthwise(): void {
  const forward = "DepthwiseConv2dNative";
  // The gradients' own attributes leave out what tfjs fixed.
  const dataFormat = "NHWC";
  const [ofInput, ofFilter] = [
    `${forward}BackpropInput`,
    `${forward}BackpropFilter`,
  ];
  registerGradient({
    kernelName: ofInput,
    inputsToSave: ["dy", "filter"],
    gradFunc: (ddx, [dy, filter], attrs) => ({
      dy: () =>
        runKernel(forward, { x: firstOf(ddx), filter }, {
          ...attrs,
          dataFormat,
        }),
      filter: () =>
        runKernel(ofFilter, { x: firstOf(ddx), dy }, {
          ...attrs,
          filterShape: filter.shape,
        }),
    }),
  });
  registerGradient({
    kernelName: ofFilter,
    inputsToSave: ["x", "dy"],
    gradFunc: (ddf, [x, dy], attrs) => ({
      x: () =>
        runKernel(ofInput, { dy, filter: firstOf(ddf) }, {
          ...attrs,
          inputShape: x.shape,
        }),
      dy: () =>
        runKernel(forward, { x, filter: firstOf(ddf) }, {
          ...attrs,
          dataFormat,
        }),
    }),
  });
}

/** The gradient of a filter of volumes is linear in both as well. */
function addConv3DFilter(): void {
  registerGradient({
    kernelName: "Conv3DBackpropFilterV2",
    inputsToSave: ["x", "dy"],
    gradFunc: (ddf, [x, dy], attrs) => ({
      x: () =>
        runKernel("Conv3DBackpropInputV2", { dy, filter: firstOf(ddf) }, {
          ...attrs,
          inputShape: x.shape,
        }),
      dy: () =>
        runKernel("Conv3D", { x, filter: firstOf(ddf) }, {
          ...attrs,
          dataFormat: "NDHWC",
          dilations: 1,
        }),
    }),
  });
}

interface PoolAttrs {
  readonly filterSize: number | [number, number] | [number, number, number];
  readonly strides: number | [number, number] | [number, number, number];
  readonly pad: "valid" | "same" | number;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

function axesOf(x: tf.Tensor, attrs: PoolAttrs): WindowAxis[] {
  const isImage = x.shape.length < 5;
  const info = isImage
    ? tf.backend_util.computePool2DInfo(
      shape4D(x),
      attrs.filterSize as number,
      attrs.strides as number,
      1,
      attrs.pad,
      attrs.dimRoundingMode,
    )
    : pool3DInfo(x.shape, attrs as tf.MaxPool3DAttrs);
  return axesOfInfo(info);
}

/** For each place in a window, what lies there in every window. */
function places(
  x: tf.Tensor,
  axes: readonly WindowAxis[],
  rest: number,
): (place: readonly number[]) => tf.Tensor {
  const reach = axes.map(({ size, window, stride, before, out }) =>
    Math.max(0, (out - 1) * stride + window - before - size)
  );
  const pads = axes.map(({ before }, i) =>
    [before, reach[i]] as [number, number]
  );
  const padded = tf.pad(x, [[0, 0], ...pads, [0, 0]], rest);
  const [batch, channels] = [x.shape[0], x.shape.at(-1)!];
  return (place) =>
    tf.stridedSlice(
      padded,
      [0, ...place, 0],
      [
        batch,
        ...place.map((at, i) => at + (axes[i].out - 1) * axes[i].stride + 1),
        channels,
      ],
      [1, ...axes.map(({ stride }) => stride), 1],
    );
}

/** Every place in a window, in the order in which kernels look for the largest. */
function allPlaces(axes: readonly WindowAxis[]): number[][] {
  return axes.reduce<number[][]>(
    (made, { window }) =>
      made.flatMap((place) =>
        Array.from({ length: window }, (_, i) => [...place, i])
      ),
    [[]],
  );
}

/** From each window what lies where its first largest value does. */
function takeWhereLargest(
  ddx: tf.Tensor,
  { input, output, axes }: {
    readonly input: tf.Tensor;
    readonly output: tf.Tensor;
    readonly axes: readonly WindowAxis[];
  },
): tf.Tensor {
  const ofInput = places(input, axes, -Infinity);
  const ofSlopes = places(ddx, axes, 0);
  let taken = tf.zerosLike(output);
  let isOpen = tf.onesLike(output);
  for (const place of allPlaces(axes)) {
    const isHere = tf.mul(
      tf.cast(tf.equal(ofInput(place), output), "float32"),
      isOpen,
    );
    taken = tf.add(taken, tf.mul(isHere, ofSlopes(place)));
    isOpen = tf.sub(isOpen, isHere);
  }
  return taken;
}

/** Where the largest lie changes in steps, so that only `dy` has a gradient. */
function addMaxPool(kernelName: string): void {
  registerGradient<PoolAttrs>({
    kernelName,
    inputsToSave: ["dy", "input", "output"],
    gradFunc: (ddx, [dy, input, output], attrs) => ({
      dy: () =>
        tf.reshape(
          takeWhereLargest(firstOf(ddx), {
            input,
            output,
            axes: axesOf(input, attrs),
          }),
          dy.shape,
        ),
      input: () => tf.zerosLike(input),
      output: () => tf.zerosLike(output),
    }),
  });
}

/** The kernel divides by the whole window: its adjoint is the mean that does. */
function addAvgPool(kernelName: string, forward: string): void {
  registerGradient<PoolAttrs>({
    kernelName,
    inputsToSave: ["input"],
    gradFunc: (ddx, [input], attrs) => ({
      dy: () => {
        const mean = runKernel(forward, { x: firstOf(ddx) }, attrs);
        const factor = outside(axesOf(input, attrs));
        return factor ? tf.div(mean, factor) : mean;
      },
      input: () => tf.zerosLike(input),
    }),
  });
}

/** To enlarge is linear: what its gradient gives back is enlarged the same way. */
function addResize(kernelName: string, forward: string): void {
  registerGradient({
    kernelName,
    inputsToSave: ["images", "dy"],
    gradFunc: (ddx, [images, dy], attrs) => ({
      images: () => tf.zerosLike(images),
      dy: () =>
        runKernel(forward, { images: firstOf(ddx) }, {
          halfPixelCenters: false,
          ...attrs,
          size: dy.shape.slice(1, 3),
        }),
    }),
  });
}

/** Registers them. */
export function addSecondGradients(): void {
  addDepthwise();
  addConv3DFilter();
  addMaxPool("MaxPoolGrad");
  addMaxPool("MaxPool3DGrad");
  addAvgPool("AvgPoolGrad", "AvgPool");
  addAvgPool("AvgPool3DGrad", "AvgPool3D");
  addResize("ResizeBilinearGrad", "ResizeBilinear");
  addResize("ResizeNearestNeighborGrad", "ResizeNearestNeighbor");
}
