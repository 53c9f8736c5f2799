import { unsqueeze } from "./_core.ts";
import { identity } from "./_transpose.ts";
import type { OnnxGraph, OnnxValue } from "./graph.ts";
import { axesOf } from "./_config.ts";
import type { LayerConverter } from "./layer_converter.ts";

/** The values in the order that most of them lie in already. */
function alike(graph: OnnxGraph, values: readonly OnnxValue[]): OnnxValue[] {
  const unfolded = values.map((value) =>
    value.flattened ? graph.plain(value) : value
  );
  const votes = new Map<string, number>();
  for (const { order } of unfolded) {
    const key = order.join();
    votes.set(key, (votes.get(key) ?? 0) + 1);
  }
  const most = Math.max(...votes.values());
  const chosen = unfolded.find(({ order }) =>
    votes.get(order.join()) === most
  )!;
  return unfolded.map((value) => graph.arrange(value, chosen.order));
}

/** Merging element by element; lower ranks get dimensions after the batch. */
export function convertElementwise(
  pairwise: "Add" | "Mul" | "Max" | "Min" | "Mean",
): LayerConverter {
  const variadic = pairwise !== "Add" && pairwise !== "Mul";
  return ({ inputs, outputShapes: [shape] }, graph) => {
    const rank = shape.length;
    const lifted = inputs.map((input) => {
      const missing = rank - input.shape.length;
      return missing === 0
        ? input
        : unsqueeze(graph, input, identity(missing).map((axis) => axis + 1));
    });
    const values = alike(graph, lifted);
    const output = { shape, order: values[0].order };
    if (variadic) return graph.node(pairwise, values, output);
    return values.slice(1).reduce(
      (sum, value) => graph.node(pairwise, [sum, value], output),
      values[0],
    );
  };
}

/** Concatenate. */
export const convertConcatenate: LayerConverter = (
  { config, inputs, outputShapes: [shape] },
  graph,
) => {
  const values = alike(graph, inputs);
  const [seen] = axesOf(config, shape.length);
  const { order, dtype } = values[0];
  return graph.node("Concat", values, { shape, order, dtype }, {
    axis: order.indexOf(seen),
  });
};

/** `x / √max(Σ x², 1e-7)` along an axis, as TensorFlow.js normalizes. */
function l2Normalize(
  graph: OnnxGraph,
  x: OnnxValue,
  axis: number,
): OnnxValue {
  const squares = graph.reduce(
    "ReduceSum",
    graph.map("Mul", x, {}, [x]),
    { axes: [axis], keepDims: true },
  );
  const floored = graph.map("Max", squares, {}, [
    graph.scalar("epsilon", 1e-7),
  ]);
  return graph.map("Div", x, {}, [graph.map("Sqrt", floored)]);
}

/** Dot of vectors and sequences, along any axes but the batch. */
export const convertDot: LayerConverter = (
  { name, config, inputs, outputShapes: [shape] },
  graph,
) => {
  const axes =
    (Array.isArray(config.axes) ? config.axes : [config.axes, config.axes])
      .map((axis, i) => axis < 0 ? axis + inputs[i].shape.length : axis);
  if (axes.includes(0)) {
    throw new TypeError(
      `Cannot export the model as layer "${name}" (Dot) must leave the batch dimension alone: current value is axes ${
        JSON.stringify(config.axes)
      }`,
    );
  }
  const [x, y] = inputs.map((input, i) => {
    const plain = graph.plain(input);
    return config.normalize ? l2Normalize(graph, plain, axes[i]) : plain;
  });
  if (x.shape.length === 2 && y.shape.length === 2) {
    return graph.reduce("ReduceSum", graph.map("Mul", x, {}, [y]), {
      axes: [1],
      keepDims: true,
    });
  }
  const swapped = (value: OnnxValue, swap: boolean) =>
    swap ? graph.arrange(value, [0, 2, 1]) : value;
  // Vectors become matrices of one row or column, which goes again at the end.
  const left = x.shape.length === 2
    ? unsqueeze(graph, x, [1])
    : swapped(x, axes[0] === 1);
  const right = y.shape.length === 2
    ? unsqueeze(graph, y, [2])
    : swapped(y, axes[1] === 2);
  const thin = x.shape.length === 2 ? 1 : 2;
  if (x.shape.length === y.shape.length) {
    return graph.node("MatMul", [left, right], { shape });
  }
  const product = graph.node("MatMul", [left, right], {
    shape: [...shape.slice(0, thin), 1, ...shape.slice(thin)],
  });
  return graph.node("Squeeze", [product, graph.integers("axes", [thin])], {
    shape,
  });
};
