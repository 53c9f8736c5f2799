/**
 * What tfjs's WebGPU kernels (in version 4.22) give of a batch without
 * examples, where they compute the shape of something on the way to be another.
 */

import * as tf from "@tensorflow/tfjs";
import { shape4D } from "../_shapes.ts";
import { type Own, replace } from "./_mend_kernel.ts";

type Inputs = Record<"x" | "filter" | "dy" | "segmentIds", tf.TensorInfo>;

interface Attrs extends tf.Conv2DAttrs {
  readonly filterShape: number[];
  readonly inputShape: number[];
  readonly numSegments: number;
}

/** The shape of a kernel's result. */
type ShapeOf = (
  inputs: Readonly<Inputs>,
  attrs: Attrs,
) => readonly number[];

const convolved: ShapeOf = ({ x, filter }, attrs) =>
  tf.backend_util.computeConv2DInfo(
    shape4D(x),
    shape4D(filter),
    attrs.strides,
    attrs.dilations,
    attrs.pad,
    attrs.dimRoundingMode,
    false,
    attrs.dataFormat === "NCHW" ? "channelsFirst" : "channelsLast",
  ).outShape;

const SHAPES: Readonly<Record<string, ShapeOf>> = {
  Conv2D: convolved,
  FusedConv2D: convolved,
  Conv2DBackpropFilter: (_, { filterShape }) => filterShape,
  Conv2DBackpropInput: (_, { inputShape }) => inputShape,
  UnsortedSegmentSum: ({ x, segmentIds }, { numSegments }) => [
    numSegments,
    ...x.shape.slice(segmentIds.shape.length),
  ],
};

/** Nothing, or sums of nothing, where the batch has no examples. */
function zerosOfNone(
  stock: Own<Inputs, Attrs>,
  shapeOf: ShapeOf,
): Own<Inputs, Attrs> {
  return (call) => {
    const { inputs, attrs, backend } = call;
    const x = inputs.x ?? inputs.dy;
    if (x.shape[0] !== 0) return stock(call);
    const shape = [...shapeOf(inputs, attrs)];
    const values = tf.util.getTypedArrayFromDType(
      x.dtype as "float32",
      tf.util.sizeFromShape(shape),
    );
    return backend.makeTensorInfo(shape, x.dtype, values);
  };
}

/** The same of nothing to share; tfjs's own divides by its length. */
function softmaxOfNone(
  stock: Own<tf.SoftmaxInputs, tf.SoftmaxAttrs>,
): typeof stock {
  return (call) => {
    const { inputs: { logits }, backend } = call;
    return tf.util.sizeFromShape(logits.shape) > 0
      ? stock(call)
      : backend.makeTensorInfo(logits.shape, "float32", new Float32Array());
  };
}

/** Registers them in the place of tfjs's. */
export function mendBatchesOfNone(): void {
  Object.entries(SHAPES).forEach(([name, shapeOf]) =>
    replace<Inputs, Attrs>(name, (stock) => zerosOfNone(stock, shapeOf))
  );
  replace("Softmax", softmaxOfNone);
}
