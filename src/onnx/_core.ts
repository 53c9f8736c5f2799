import { activate } from "./_activations.ts";
import { identity, inverse, transpose } from "./_transpose.ts";
import type { OnnxGraph, OnnxShape, OnnxValue } from "./graph.ts";
import { axesOf, listsOf, numberOf, numbersOf } from "./_config.ts";
import type { LayerConverter, LayerToConvert } from "./layer_converter.ts";

/**
 * A kernel `[inputs, units]` as `[units, inputs]`, which every runtime takes;
 * the inputs in the order in which flattened features lie.
 */
function turnKernel(
  { data, shape: [inputs, units] }: LayerToConvert["weights"][number],
  flattened: OnnxValue["flattened"],
): Float32Array {
  const { dims, order } = flattened ?? { dims: [inputs], order: [0] };
  return transpose(data, [...dims, units], [dims.length, ...order]);
}

/** Dense on vectors, sequences and images. */
export const convertDense: LayerConverter = (layer, graph) => {
  const { config, inputs: [input], outputShapes: [shape] } = layer;
  const [kernel, bias] = layer.weights;
  const rank = shape.length;
  if (rank === 2) {
    // A kernel in another order costs nothing when the model runs; a transpose
    // of its input would.
    const weight = graph.constant(
      "kernel",
      [kernel.shape[1], kernel.shape[0]],
      turnKernel(kernel, input.flattened),
    );
    const x = input.flattened ? input : graph.plain(input);
    const y = graph.node(
      "Gemm",
      [
        x,
        weight,
        ...(bias ? [graph.constant("bias", bias.shape, bias.data)] : []),
      ],
      { shape },
      { transB: 1 },
    );
    return activate(graph, y, config.activation);
  }
  const x = input.order[rank - 1] === rank - 1 ? input : graph.plain(input);
  const output = { shape, order: x.order };
  let y = graph.node(
    "MatMul",
    [x, graph.constant("kernel", kernel.shape, kernel.data)],
    output,
  );
  if (bias) {
    y = graph.map("Add", y, {}, [
      graph.constant("bias", bias.shape, bias.data),
    ]);
  }
  return activate(graph, y, config.activation);
};

/** Layers that do nothing outside training. */
export const convertIdentity: LayerConverter = ({ inputs: [x] }) => x;

/** Activation. */
export const convertActivation: LayerConverter = (
  { config, inputs: [x] },
  graph,
) => activate(graph, x, config.activation);

/** Flatten, without moving a number where what follows can do without. */
export const convertFlatten: LayerConverter = (
  { config, inputs: [x], outputShapes: [shape] },
  graph,
) => {
  const rank = x.shape.length;
  const seen = config.dataFormat === "channelsFirst"
    ? [0, ...identity(rank).slice(2), 1]
    : identity(rank);
  const lying = x.order[0] === 0 ? x : graph.arrange(x, seen);
  const dims = seen.slice(1).map((axis) => x.shape[axis]!);
  const order = lying.order.slice(1).map((axis) => seen.indexOf(axis) - 1);
  return graph.node("Flatten", [lying], {
    shape,
    dtype: x.dtype,
    flattened: order.every((axis, i) => axis === i)
      ? undefined
      : { dims, order },
  }, { axis: 1 });
};

/** Reshape. */
export const convertReshape: LayerConverter = (
  { inputs: [x], outputShapes: [shape] },
  graph,
) => graph.reshape(x, shape);

/** Permute: only the order is noted, nothing moves. */
export const convertPermute: LayerConverter = (
  { config, inputs: [input], outputShapes: [shape] },
  graph,
) => {
  const x = input.flattened ? graph.plain(input) : input;
  const place = inverse([0, ...numbersOf(config, "dims")]);
  return { ...x, shape, order: x.order.map((axis) => place[axis]) };
};

/** RepeatVector. */
export const convertRepeatVector: LayerConverter = (
  { config, inputs: [x], outputShapes: [shape] },
  graph,
) => {
  const row = graph.node("Unsqueeze", [
    graph.plain(x),
    graph.integers("axes", [1]),
  ], { shape: [shape[0], 1, shape[2]] });
  return graph.node("Tile", [
    row,
    graph.integers("repeats", [1, numberOf(config, "n"), 1]),
  ], { shape });
};

/** Embedding: a row of the table for each index. */
export const convertEmbedding: LayerConverter = (
  { weights: [table], inputs: [x], outputShapes: [shape] },
  graph,
) => {
  const plain = graph.plain(x);
  // TensorFlow.js truncates, as the cast does.
  const indices = x.dtype === "float32"
    ? graph.node("Cast", [plain], { shape: x.shape, dtype: "int32" }, { to: 6 })
    : plain;
  return graph.node(
    "Gather",
    [
      graph.constant("embeddings", table.shape, table.data),
      indices,
    ],
    { shape },
    { axis: 0 },
  );
};

/** Rescaling. */
export const convertRescaling: LayerConverter = (
  { config, inputs: [x] },
  graph,
) => {
  const scaled = graph.map("Mul", x, {}, [
    graph.scalar("scale", numberOf(config, "scale")),
  ]);
  return graph.map("Add", scaled, {}, [
    graph.scalar("offset", numberOf(config, "offset")),
  ]);
};

function imageAxes(dataFormat: unknown): readonly [number, number] {
  return dataFormat === "channelsFirst" ? [2, 3] : [1, 2];
}

/** ZeroPadding2D. */
export const convertZeroPadding: LayerConverter = (
  { config, inputs: [x], outputShapes: [shape] },
  graph,
) => {
  const axes = imageAxes(config.dataFormat);
  const around = listsOf(config, "padding");
  const side = (end: 0 | 1) =>
    x.order.map((axis) => {
      const i = axes.indexOf(axis);
      return i < 0 ? 0 : around[i][end];
    });
  return graph.node(
    "Pad",
    [x, graph.integers("pads", [...side(0), ...side(1)])],
    { shape, order: x.order },
  );
};

/** Cropping2D. */
export const convertCropping: LayerConverter = (
  { config, inputs: [x], outputShapes: [shape] },
  graph,
) => {
  const axes = imageAxes(config.dataFormat);
  const cropping = listsOf(config, "cropping");
  const place = inverse(x.order);
  return graph.node("Slice", [
    x,
    graph.integers("starts", cropping.map(([start]) => start)),
    graph.integers(
      "ends",
      cropping.map(([, end]) => end === 0 ? Number.MAX_SAFE_INTEGER : -end),
    ),
    graph.integers("axes", axes.map((axis) => place[axis])),
  ], { shape, order: x.order });
};

/** UpSampling2D with the sampling of TensorFlow 1, which TensorFlow.js keeps. */
export const convertUpSampling: LayerConverter = (
  { config, inputs: [x], outputShapes: [shape] },
  graph,
) => {
  const axes = imageAxes(config.dataFormat);
  const size = numbersOf(config, "size");
  const order = axes[0] === 2 ? identity(4) : [0, 3, 1, 2];
  const scales = graph.constant("scales", [4], Float32Array.of(1, 1, ...size));
  return graph.node(
    "Resize",
    [graph.arrange(x, order), null, scales],
    { shape, order },
    {
      mode: config.interpolation === "nearest" ? "nearest" : "linear",
      coordinate_transformation_mode: "asymmetric",
      ...(config.interpolation === "nearest" ? { nearest_mode: "floor" } : {}),
    },
  );
};

/** ReLU, with or without an upper bound. */
export const convertReLU: LayerConverter = (
  { config, inputs: [x] },
  graph,
) => {
  if (config.maxValue == null) return graph.map("Relu", x);
  return graph.map("Clip", x, {}, [
    graph.scalar("zero", 0),
    graph.scalar("max", numberOf(config, "maxValue")),
  ]);
};

/** LeakyReLU. */
export const convertLeakyReLU: LayerConverter = (
  { config, inputs: [x] },
  graph,
) => graph.map("LeakyRelu", x, { alpha: { float: numberOf(config, "alpha") } });

/** PReLU, with any axes shared. */
export const convertPReLU: LayerConverter = (
  { weights: [alpha], inputs: [input] },
  graph,
) => {
  const x = input.flattened ? graph.plain(input) : input;
  return graph.map("PRelu", x, {}, [
    graph.constantFor(x, "alpha", [1, ...alpha.shape], alpha.data),
  ]);
};

/** ELU. */
export const convertELU: LayerConverter = (
  { config, inputs: [x] },
  graph,
) => graph.map("Elu", x, { alpha: { float: numberOf(config, "alpha") } });

/** ThresholdedReLU. */
export const convertThresholdedReLU: LayerConverter = (
  { config, inputs: [x] },
  graph,
) =>
  graph.map("ThresholdedRelu", x, {
    alpha: { float: numberOf(config, "theta") },
  });

/** Softmax over one axis or over several together. */
export const convertSoftmax: LayerConverter = (
  { name, config, inputs: [input] },
  graph,
) => {
  const rank = input.shape.length;
  const axes = axesOf(config, rank);
  if (axes.length === 1) {
    if (axes[0] !== rank - 1) {
      throw new TypeError(
        `Cannot export the model as layer "${name}" (Softmax) must be over the last axis, the only one that TensorFlow.js computes: current value is ${
          axes[0]
        } of ${rank}`,
      );
    }
    return activate(graph, input, "softmax");
  }
  const x = input.flattened ? graph.plain(input) : input;
  const total = graph.reduce("ReduceLogSumExp", x, { axes, keepDims: true });
  return graph.map("Exp", graph.map("Sub", x, {}, [total]));
};

/** The shape of `value` with dimensions of size 1 put in. */
export function unsqueeze(
  graph: OnnxGraph,
  value: OnnxValue,
  axes: readonly number[],
): OnnxValue {
  const shape: OnnxShape = axes.reduce<OnnxShape>(
    (dims, axis) => [...dims.slice(0, axis), 1, ...dims.slice(axis)],
    value.shape,
  );
  return graph.node(
    "Unsqueeze",
    [graph.plain(value), graph.integers("axes", axes)],
    { shape, dtype: value.dtype },
  );
}
