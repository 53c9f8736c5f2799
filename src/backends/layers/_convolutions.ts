/** Convolution layers whose options tfjs (4.22) gets wrong, or lacks. */

import * as tf from "@tensorflow/tfjs";
import { layerPrototype } from "../_engine.ts";

/** The fields of these layers that tfjs's types keep to themselves. */
interface Convolution extends tf.layers.Layer {
  readonly kernelSize: readonly number[];
  readonly dilationRate: readonly number[];
  readonly padding: "same" | "valid" | "causal";
  readonly dataFormat: "channelsFirst" | "channelsLast";
}

/** A layer with the same weights and other options. */
function withOptions(
  layer: Convolution,
  options: Partial<Convolution>,
): Convolution {
  const fields = Object.entries(options).map(([name, value]) =>
    [name, { value }] as const
  );
  return Object.create(layer, Object.fromEntries(fields));
}

/**
 * With channels first, tfjs adds a separable convolution's bias along a wrong
 * axis and leaves the channels of a Conv1D last: both compute with channels last
 * here, between two transpositions.
 */
function mendChannelsFirst(className: string): void {
  const prototype = layerPrototype<Convolution>(className);
  const stock = prototype.call;
  prototype.call = function (this: Convolution, inputs, kwargs) {
    if (this.dataFormat !== "channelsFirst") {
      return stock.call(this, inputs, kwargs);
    }
    const layer = withOptions(this, { dataFormat: "channelsLast" });
    return tf.tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0] : inputs;
      const space = x.shape.slice(2).map((_, i) => i + 1);
      const last = tf.transpose(x, [0, ...space.map((i) => i + 1), 1]);
      const y = stock.call(layer, last, kwargs) as tf.Tensor;
      return tf.transpose(y, [0, x.rank - 1, ...space]);
    });
  };
}

/** What a causal convolution reads before the first step. */
function historyOf({ kernelSize, dilationRate }: Convolution): number {
  return (kernelSize[0] - 1) * dilationRate[0];
}

/** tfjs has the option of causal padding, and refuses it at the first call. */
function addCausalPadding(): void {
  const prototype = layerPrototype<Convolution>("Conv1D");
  const { call, computeOutputShape } = prototype;
  prototype.call = function (this: Convolution, inputs, kwargs) {
    if (this.padding !== "causal") return call.call(this, inputs, kwargs);
    const layer = withOptions(this, { padding: "valid" });
    return tf.tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0] : inputs;
      const steps = this.dataFormat === "channelsFirst" ? 2 : 1;
      const before = x.shape.map((_, axis): [number, number] => [
        axis === steps ? historyOf(this) : 0,
        0,
      ]);
      return call.call(layer, tf.pad(x, before), kwargs);
    });
  };
  prototype.computeOutputShape = function (this: Convolution, inputShape) {
    const layer = this.padding === "causal"
      ? withOptions(this, { padding: "same" })
      : this;
    return computeOutputShape.call(layer, inputShape);
  };
}

/** Mends the layers. */
export function mendConvolutionLayers(): void {
  ["Conv1D", "SeparableConv2D"].forEach(mendChannelsFirst);
  addCausalPadding();
}
