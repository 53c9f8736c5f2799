import { padding, spatialOrder } from "./_convolution.ts";
import { numbersOf } from "./_config.ts";
import type { LayerConverter } from "./layer_converter.ts";

/** Pooling with a window; padded pixels do not count in an average. */
export function convertPooling(
  opType: "MaxPool" | "AveragePool",
): LayerConverter {
  return (layer, graph) => {
    const { config, inputs: [input], outputShapes: [shape] } = layer;
    const order = spatialOrder(shape.length, config.dataFormat);
    const kernel = numbersOf(config, "poolSize");
    const strides = numbersOf(config, "strides");
    return graph.node(opType, [graph.arrange(input, order)], { shape, order }, {
      kernel_shape: kernel,
      strides,
      ...padding(layer, { kernel, strides, dilations: kernel.map(() => 1) }),
    });
  };
}

/** Pooling over all of an image or a sequence. */
export function convertGlobalPooling(
  opType: "ReduceMax" | "ReduceMean",
): LayerConverter {
  return ({ config, inputs: [input] }, graph) => {
    const rank = input.shape.length;
    const axes = config.dataFormat === "channelsFirst"
      ? [2, 3]
      : [1, 2].slice(0, rank - 2);
    return graph.reduce(opType, input, { axes, keepDims: false });
  };
}
