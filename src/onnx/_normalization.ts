import { identity } from "./_transpose.ts";
import type { OnnxGraph, OnnxValue } from "./graph.ts";
import { axesOf, numberOf } from "./_config.ts";
import type { LayerConverter } from "./layer_converter.ts";

/**
 * BatchNormalization with its moving statistics. Along an axis that is not the
 * last, this follows the definition; the CPU and WASM kernels of TensorFlow.js
 * spread the statistics over the wrong elements there.
 */
export const convertBatchNormalization: LayerConverter = (layer, graph) => {
  const { config } = layer;
  const rank = layer.inputs[0].shape.length;
  const [axis] = axesOf(config, rank);
  const epsilon = numberOf(config, "epsilon");
  const weights = [...layer.weights];
  const gamma = config.scale ? weights.shift() : undefined;
  const beta = config.center ? weights.shift() : undefined;
  const [mean, variance] = weights;
  const size = mean.shape[0];

  const x = layer.inputs[0].flattened
    ? graph.plain(layer.inputs[0])
    : layer.inputs[0];
  if (x.order.indexOf(axis) === 1) {
    return graph.node(
      "BatchNormalization",
      [
        x,
        graph.constant(
          "gamma",
          [size],
          gamma?.data ?? new Float32Array(size).fill(1),
        ),
        graph.constant("beta", [size], beta?.data ?? new Float32Array(size)),
        graph.constant("moving_mean", [size], mean.data),
        graph.constant("moving_variance", [size], variance.data),
      ],
      x,
      { epsilon: { float: epsilon } },
    );
  }
  // ONNX normalizes dimension 1 alone. Elsewhere the same arithmetic, taken
  // together in double precision, is one product and one sum.
  const factor = new Float32Array(size);
  const offset = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const scale = (gamma?.data[i] ?? 1) /
      Math.sqrt(variance.data[i] + epsilon);
    factor[i] = scale;
    offset[i] = (beta?.data[i] ?? 0) - mean.data[i] * scale;
  }
  const dims = identity(rank).map((i) => i === axis ? size : 1);
  const scaled = graph.map("Mul", x, {}, [
    graph.constantFor(x, "factor", dims, factor),
  ]);
  return graph.map("Add", scaled, {}, [
    graph.constantFor(x, "offset", dims, offset),
  ]);
};

function normalize(
  graph: OnnxGraph,
  x: OnnxValue,
  { axes, epsilon }: {
    readonly axes: readonly number[];
    readonly epsilon: number;
  },
): OnnxValue {
  const mean = graph.reduce("ReduceMean", x, { axes, keepDims: true });
  const centred = graph.map("Sub", x, {}, [mean]);
  const variance = graph.reduce(
    "ReduceMean",
    graph.map("Mul", centred, {}, [centred]),
    { axes, keepDims: true },
  );
  const deviation = graph.map(
    "Sqrt",
    graph.map("Add", variance, {}, [graph.scalar("epsilon", epsilon)]),
  );
  return graph.map("Div", centred, {}, [deviation]);
}

/** LayerNormalization over any axes. */
export const convertLayerNormalization: LayerConverter = (layer, graph) => {
  const { config, inputs: [input] } = layer;
  const rank = input.shape.length;
  const axes = axesOf(config, rank).sort((a, b) => a - b);
  const weights = [...layer.weights];
  const gamma = config.scale ? weights.shift() : undefined;
  const beta = config.center ? weights.shift() : undefined;
  const dims = identity(rank).map((axis) =>
    axes.includes(axis) ? input.shape[axis]! : 1
  );

  const last = rank - axes.length;
  if (graph.opset >= 17 && axes[0] === last) {
    const x = graph.plain(input);
    const size = dims.reduce((product, dim) => product * dim, 1);
    return graph.node(
      "LayerNormalization",
      [
        x,
        graph.constant(
          "gamma",
          dims.slice(last),
          gamma?.data ?? new Float32Array(size).fill(1),
        ),
        ...(beta ? [graph.constant("beta", dims.slice(last), beta.data)] : []),
      ],
      x,
      { axis: last, epsilon: { float: numberOf(config, "epsilon") } },
    );
  }
  const x = input.flattened ? graph.plain(input) : input;
  let y = normalize(graph, x, { axes, epsilon: numberOf(config, "epsilon") });
  if (gamma) {
    y = graph.map("Mul", y, {}, [
      graph.constantFor(y, "gamma", dims, gamma.data),
    ]);
  }
  if (beta) {
    y = graph.map("Add", y, {}, [
      graph.constantFor(y, "beta", dims, beta.data),
    ]);
  }
  return y;
};
