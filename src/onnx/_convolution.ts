import { activate } from "./_activations.ts";
import { channelsFirst, identity, transpose } from "./_transpose.ts";
import type {
  OnnxAttribute,
  OnnxGraph,
  OnnxShape,
  OnnxValue,
} from "./graph.ts";
import { numbersOf } from "./_config.ts";
import type { LayerConverter, LayerToConvert } from "./layer_converter.ts";

/**
 * The order in which convolutions and pooling want their input: channels after
 * the batch. A layer with `dataFormat: "channelsFirst"` has them there already.
 */
export function spatialOrder(
  rank: number,
  dataFormat: unknown,
): readonly number[] {
  return dataFormat === "channelsFirst" ? identity(rank) : channelsFirst(rank);
}

/** The dimensions of a shape that are neither batch nor channels. */
export function spatialDims(
  shape: OnnxShape,
  dataFormat: unknown,
): OnnxShape {
  return dataFormat === "channelsFirst" ? shape.slice(2) : shape.slice(1, -1);
}

/** The window that a convolution or a pooling moves over its input, and how. */
export interface Geometry {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/**
 * The padding attributes. TensorFlow's "same" gives the odd pixel to the end. At
 * stride 1 it depends on the window alone; at others on the input size too: where
 * that is unknown until the model runs, ONNX's `SAME_UPPER` follows the same rule,
 * which onnxruntime has for windows without dilation alone.
 */
export function padding(
  layer: LayerToConvert,
  { kernel, strides, dilations }: Geometry,
): Record<string, OnnxAttribute> {
  const { padding: mode, dataFormat } = layer.config;
  if (mode !== "same") return {};
  const totals: number[] = [];
  for (
    const [i, size] of spatialDims(layer.inputs[0].shape, dataFormat).entries()
  ) {
    const extent = (kernel[i] - 1) * dilations[i] + 1;
    if (strides[i] === 1) {
      totals.push(extent - 1);
    } else if (size !== null) {
      const out = Math.ceil(size / strides[i]);
      totals.push(Math.max(0, (out - 1) * strides[i] + extent - size));
    } else if (dilations.every((dilation) => dilation === 1)) {
      return { auto_pad: "SAME_UPPER" };
    } else {
      throw refuse(
        layer,
        'have a known input size, padding "valid", strides of 1 or no dilation',
        { strides, dilationRate: dilations },
      );
    }
  }
  if (totals.every((total) => total === 0)) return {};
  return {
    pads: [
      ...totals.map((total) => Math.floor(total / 2)),
      ...totals.map((total) => Math.ceil(total / 2)),
    ],
  };
}

function geometry({ config }: LayerToConvert): Geometry {
  const kernel = numbersOf(config, "kernelSize");
  return {
    kernel,
    strides: numbersOf(config, "strides"),
    dilations: config.dilationRate === undefined
      ? kernel.map(() => 1)
      : numbersOf(config, "dilationRate"),
  };
}

function refuse(layer: LayerToConvert, required: string, value: unknown) {
  return new TypeError(
    `Cannot export the model as layer "${layer.name}" (${layer.className}) must ${required}: current value is ${
      JSON.stringify(value)
    }`,
  );
}

function spatialInput(layer: LayerToConvert, graph: OnnxGraph): OnnxValue {
  const [x] = layer.inputs;
  return graph.arrange(
    x,
    spatialOrder(x.shape.length, layer.config.dataFormat),
  );
}

function spatialOutput(layer: LayerToConvert) {
  const [shape] = layer.outputShapes;
  return {
    shape,
    order: spatialOrder(shape.length, layer.config.dataFormat),
  };
}

function bias(layer: LayerToConvert, graph: OnnxGraph, index: number) {
  if (!layer.config.useBias) return [];
  const { shape, data } = layer.weights[index];
  return [graph.constant("bias", shape, data)];
}

/** Conv1D, Conv2D and Conv3D. */
export const convertConv: LayerConverter = (layer, graph) => {
  const { config } = layer;
  if (config.padding === "causal") {
    throw refuse(layer, 'have padding "valid" or "same"', config.padding);
  }
  const { kernel, strides, dilations } = geometry(layer);
  if (kernel.length === 1 && config.dataFormat === "channelsFirst") {
    // TensorFlow.js by itself returns channels last there, against the shape that
    // it promises.
    throw refuse(layer, 'have dataFormat "channelsLast"', config.dataFormat);
  }
  const x = spatialInput(layer, graph);
  const rank = kernel.length;
  // [...space, in, out] → [out, in, ...space]
  const order = [rank + 1, rank, ...identity(rank)];
  const { shape, data } = layer.weights[0];
  const weight = graph.constant(
    "kernel",
    order.map((axis) => shape[axis]),
    transpose(data, shape, order),
  );
  const y = graph.node(
    "Conv",
    [x, weight, ...bias(layer, graph, 1)],
    spatialOutput(layer),
    {
      kernel_shape: kernel,
      strides,
      dilations,
      ...padding(layer, { kernel, strides, dilations }),
    },
  );
  return activate(graph, y, config.activation);
};

/** A depthwise kernel [h, w, in, multiplier] as ONNX's grouped [in · multiplier, 1, h, w]. */
function depthwiseKernel(layer: LayerToConvert, graph: OnnxGraph) {
  const { shape: [h, w, channels, multiplier], data } = layer.weights[0];
  return graph.constant(
    "depthwise_kernel",
    [channels * multiplier, 1, h, w],
    transpose(data, [h, w, channels * multiplier], [2, 0, 1]),
  );
}

/**
 * DepthwiseConv2D. TensorFlow.js by itself ignores its `dilationRate`, and the
 * backends of this package do not: what the model computed cannot be known.
 */
export const convertDepthwiseConv: LayerConverter = (layer, graph) => {
  const { config } = layer;
  const { kernel, strides, dilations } = geometry(layer);
  if (dilations.some((rate) => rate > 1)) {
    throw refuse(
      layer,
      "have dilationRate 1 (separableConv2d() has others)",
      dilations,
    );
  }
  const x = spatialInput(layer, graph);
  const y = graph.node(
    "Conv",
    [x, depthwiseKernel(layer, graph), ...bias(layer, graph, 1)],
    spatialOutput(layer),
    {
      kernel_shape: kernel,
      strides,
      group: layer.weights[0].shape[2],
      ...padding(layer, { kernel, strides, dilations }),
    },
  );
  return activate(graph, y, config.activation);
};

/** SeparableConv2D: a depthwise convolution, then a pointwise one. */
export const convertSeparableConv: LayerConverter = (layer, graph) => {
  const { config } = layer;
  if (config.dataFormat === "channelsFirst" && config.useBias) {
    // TensorFlow.js adds the bias along the wrong dimension there.
    throw refuse(
      layer,
      'have dataFormat "channelsLast" or no bias',
      config.dataFormat,
    );
  }
  const { kernel, strides, dilations } = geometry(layer);
  const x = spatialInput(layer, graph);
  const output = spatialOutput(layer);
  const [channels, filters] = layer.weights[1].shape.slice(2);
  const depthwise = graph.node("Conv", [x, depthwiseKernel(layer, graph)], {
    ...output,
    shape: output.order.map((_, axis) =>
      axis === output.order[1] ? channels : output.shape[axis]
    ),
  }, {
    kernel_shape: kernel,
    strides,
    dilations,
    group: layer.weights[0].shape[2],
    ...padding(layer, { kernel, strides, dilations }),
  });
  const pointwise = graph.constant(
    "pointwise_kernel",
    [filters, channels, 1, 1],
    transpose(layer.weights[1].data, [channels, filters], [1, 0]),
  );
  const y = graph.node(
    "Conv",
    [depthwise, pointwise, ...bias(layer, graph, 2)],
    output,
    { kernel_shape: [1, 1] },
  );
  return activate(graph, y, config.activation);
};

/** Conv2DTranspose and Conv3DTranspose. */
export const convertConvTranspose: LayerConverter = (layer, graph) => {
  const { config } = layer;
  const { kernel, strides } = geometry(layer);
  const x = spatialInput(layer, graph);
  const rank = kernel.length;
  // [...space, out, in] → [in, out, ...space]
  const order = [rank + 1, rank, ...identity(rank)];
  const { shape, data } = layer.weights[0];
  const weight = graph.constant(
    "kernel",
    order.map((axis) => shape[axis]),
    transpose(data, shape, order),
  );
  // TensorFlow.js makes the output `stride` times as large; "valid" adds what
  // of the kernel is beyond the stride, "same" cuts that off on both sides.
  const beyond = kernel.map((size, i) =>
    config.padding === "same" ? Math.max(0, size - strides[i]) : 0
  );
  const y = graph.node(
    "ConvTranspose",
    [x, weight, ...bias(layer, graph, 1)],
    spatialOutput(layer),
    {
      kernel_shape: kernel,
      strides,
      pads: [
        ...beyond.map((total) => Math.floor(total / 2)),
        ...beyond.map((total) => Math.ceil(total / 2)),
      ],
      output_padding: kernel.map((size, i) => Math.max(0, strides[i] - size)),
    },
  );
  return activate(graph, y, config.activation);
};
