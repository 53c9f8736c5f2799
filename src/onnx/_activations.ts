import type { OnnxAttribute, OnnxGraph, OnnxValue } from "./graph.ts";

/** What an activation is applied to, as an ONNX subgraph. */
type Activation = (graph: OnnxGraph, x: OnnxValue) => OnnxValue;

function overChannels(opType: "Softmax" | "LogSoftmax"): Activation {
  return (graph, x) =>
    graph.map(opType, x, { axis: x.order.indexOf(x.shape.length - 1) });
}

function times(graph: OnnxGraph, a: OnnxValue, b: OnnxValue): OnnxValue {
  return graph.map("Mul", a, {}, [b]);
}

/** Every activation of TensorFlow.js by the class name in a layer's config. */
const activations: Readonly<Record<string, Activation>> = {
  linear: (_graph, x) => x,
  relu: (graph, x) => graph.map("Relu", x),
  relu6: (graph, x) =>
    graph.map("Clip", x, {}, [graph.scalar("zero", 0), graph.scalar("six", 6)]),
  elu: (graph, x) => graph.map("Elu", x),
  selu: (graph, x) => graph.map("Selu", x),
  sigmoid: (graph, x) => graph.map("Sigmoid", x),
  hardSigmoid: (graph, x) =>
    graph.map("HardSigmoid", x, {
      alpha: { float: 0.2 },
      beta: { float: 0.5 },
    }),
  softplus: (graph, x) => graph.map("Softplus", x),
  softsign: (graph, x) => graph.map("Softsign", x),
  tanh: (graph, x) => graph.map("Tanh", x),
  softmax: overChannels("Softmax"),
  logSoftmax: overChannels("LogSoftmax"),
  swish: (graph, x) => times(graph, x, graph.map("Sigmoid", x)),
  mish: (graph, x) =>
    times(graph, x, graph.map("Tanh", graph.map("Softplus", x))),
  // 0.5 · x · (1 + erf(x / √2)); ONNX has an operator for it only since 20.
  gelu: (graph, x) => {
    const erf = graph.map(
      "Erf",
      graph.map("Div", x, {}, [graph.scalar("sqrt2", Math.SQRT2)]),
    );
    const cdf = graph.map("Add", erf, {}, [graph.scalar("one", 1)]);
    const half = graph.map("Mul", x, {}, [graph.scalar("half", 0.5)]);
    return times(graph, half, cdf);
  },
  // 0.5 · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))
  gelu_new: (graph, x) => {
    const cube = times(graph, times(graph, x, x), x);
    const inner = graph.map("Add", x, {}, [
      graph.map("Mul", cube, {}, [graph.scalar("cubic", 0.044715)]),
    ]);
    const tanh = graph.map(
      "Tanh",
      graph.map("Mul", inner, {}, [
        graph.scalar("scale", Math.sqrt(2 / Math.PI)),
      ]),
    );
    const half = graph.map("Mul", x, {}, [graph.scalar("half", 0.5)]);
    return times(
      graph,
      half,
      graph.map("Add", tanh, {}, [graph.scalar("one", 1)]),
    );
  },
};

/** Applies the activation of that name. */
export function activate(
  graph: OnnxGraph,
  x: OnnxValue,
  name: unknown,
): OnnxValue {
  const activation = activations[String(name ?? "linear")];
  if (activation === undefined) {
    throw new TypeError(
      `Cannot export the model as the activation must be one of ${
        Object.keys(activations).join(", ")
      }: current value is ${name}`,
    );
  }
  return activation(graph, x);
}

/** How a recurrent operator of ONNX names an activation. */
interface RecurrentActivation {
  readonly name: string;
  readonly alpha?: number;
  readonly beta?: number;
}

const recurrentActivations: Readonly<Record<string, RecurrentActivation>> = {
  linear: { name: "Affine", alpha: 1, beta: 0 },
  relu: { name: "Relu" },
  elu: { name: "Elu", alpha: 1 },
  sigmoid: { name: "Sigmoid" },
  hardSigmoid: { name: "HardSigmoid", alpha: 0.2, beta: 0.5 },
  softplus: { name: "Softplus" },
  softsign: { name: "Softsign" },
  tanh: { name: "Tanh" },
};

/** The attributes by which a recurrent operator learns its activations. */
export function recurrentActivationAttributes(
  names: readonly unknown[],
): Record<string, OnnxAttribute> {
  const found = names.map((name) => {
    const activation = recurrentActivations[String(name)];
    if (activation === undefined) {
      throw new TypeError(
        `Cannot export the model as the activation of a recurrent layer must be one of ${
          Object.keys(recurrentActivations).join(", ")
        }: current value is ${name}`,
      );
    }
    return activation;
  });
  const alphas = found.flatMap(({ alpha }) => alpha ?? []);
  const betas = found.flatMap(({ beta }) => beta ?? []);
  return {
    activations: found.map(({ name }) => name),
    ...(alphas.length > 0 ? { activation_alpha: { floats: alphas } } : {}),
    ...(betas.length > 0 ? { activation_beta: { floats: betas } } : {}),
  };
}
