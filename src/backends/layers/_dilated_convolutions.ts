/**
 * Dilated layers: the one of which tfjs (4.22) refuses to train a dilation, and
 * the one that ignores it everywhere.
 */

import * as tf from "@tensorflow/tfjs";
import { layerPrototype } from "../_engine.ts";

/** The fields of the layers that tfjs's types keep to themselves. */
interface Convolution extends tf.layers.Layer {
  readonly bias?: tf.LayerVariable | null;
  readonly useBias: boolean;
  readonly activation: { apply(x: tf.Tensor): tf.Tensor } | null;
  readonly strides: [number, number];
  readonly padding: "same" | "valid" | "causal";
  readonly dataFormat: "channelsFirst" | "channelsLast";
  readonly dilationRate: [number, number];
  readonly kernelSize: [number, number];
}

/** A convolution of an image whose channels are last. */
type Convolve<Layer> = (
  x: tf.Tensor4D,
  layer: Layer & { readonly padding: "same" | "valid" },
) => tf.Tensor;

/** Another call of a layer, where it is dilated. */
function replaceCall<Layer extends Convolution>(
  className: string,
  convolve: Convolve<Layer>,
): void {
  const prototype = layerPrototype<Layer>(className);
  const stock = prototype.call;
  prototype.call = function (this: Layer, inputs, kwargs) {
    const { padding } = this;
    const isDilated = this.dilationRate.some((rate) => rate > 1);
    if (!isDilated || padding === "causal") {
      return stock.call(this, inputs, kwargs);
    }
    return tf.tidy(() => {
      const given = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;
      const first = this.dataFormat === "channelsFirst";
      const x = first ? tf.transpose(given, [0, 2, 3, 1]) : given;
      let y = convolve(x, Object.create(this, { padding: { value: padding } }));
      if (this.useBias) y = tf.add(y, this.bias!.read());
      if (first) y = tf.transpose(y, [0, 3, 1, 2]);
      return this.activation ? this.activation.apply(y) : y;
    });
  };
}

interface Conv2D extends Convolution {
  readonly kernel: tf.LayerVariable;
}

interface DepthwiseConv2D extends Convolution {
  readonly depthwiseKernel: tf.LayerVariable;
}

/** The shape that a dilated layer gives, which tfjs counts without its dilation. */
function mendDepthwiseShape(): void {
  const prototype = layerPrototype<DepthwiseConv2D>("DepthwiseConv2D");
  const stock = prototype.computeOutputShape;
  prototype.computeOutputShape = function (this: DepthwiseConv2D, inputShape) {
    const reach = this.kernelSize.map((size, i) =>
      (size - 1) * this.dilationRate[i] + 1
    );
    const layer = Object.create(this, { kernelSize: { value: reach } });
    return stock.call(layer, inputShape);
  };
}

/** Mends the layers. */
export function mendDilatedLayers(): void {
  // Of the fused convolution that this layer runs, tfjs refuses the gradient.
  replaceCall<Conv2D>("Conv2D", (x, layer) =>
    tf.conv2d(
      x,
      layer.kernel.read() as tf.Tensor4D,
      layer.strides,
      layer.padding,
      "NHWC",
      layer.dilationRate,
    ));
  // And this one would compute as if it had no dilation.
  replaceCall<DepthwiseConv2D>(
    "DepthwiseConv2D",
    (x, layer) =>
      tf.depthwiseConv2d(
        x,
        layer.depthwiseKernel.read() as tf.Tensor4D,
        layer.strides,
        layer.padding,
        "NHWC",
        layer.dilationRate,
      ),
  );
  mendDepthwiseShape();
}
