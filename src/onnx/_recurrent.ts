import { recurrentActivationAttributes } from "./_activations.ts";
import { unsqueeze } from "./_core.ts";
import { pack } from "./_mask.ts";
import { identity, transpose } from "./_transpose.ts";
import type { OnnxGraph, OnnxValue } from "./graph.ts";
import { numberOf } from "./_config.ts";
import type {
  LayerConverter,
  LayerToConvert,
  LayerWeight,
} from "./layer_converter.ts";

interface Cell {
  readonly opType: "RNN" | "LSTM" | "GRU";
  /** Where ONNX's gates are among TensorFlow.js's. */
  readonly gates: readonly number[];
  readonly states: 1 | 2;
  readonly activations: (config: LayerToConvert["config"]) => unknown[];
}

const simpleRNN: Cell = {
  opType: "RNN",
  gates: [0],
  states: 1,
  activations: ({ activation }) => [activation],
};

const gru: Cell = {
  opType: "GRU",
  gates: [0, 1, 2],
  states: 1,
  activations: (
    { activation, recurrentActivation },
  ) => [recurrentActivation, activation],
};

const lstm: Cell = {
  opType: "LSTM",
  // TensorFlow.js: input, forget, cell, output. ONNX: input, output, forget, cell.
  gates: [0, 3, 1, 2],
  states: 2,
  activations: (
    { activation, recurrentActivation },
  ) => [recurrentActivation, activation, activation],
};

const cells: Readonly<Record<string, Cell>> = {
  SimpleRNN: simpleRNN,
  SimpleRNNCell: simpleRNN,
  GRU: gru,
  GRUCell: gru,
  LSTM: lstm,
  LSTMCell: lstm,
};

function refuse(layer: LayerToConvert, required: string, value: unknown) {
  return new TypeError(
    `Cannot export the model as layer "${layer.name}" (${layer.className}) must ${required}: current value is ${value}`,
  );
}

/** `[inputs, gates · units]` as ONNX's `[1, gates · units, inputs]`, its gates in ONNX's order. */
function gateWeights(
  graph: OnnxGraph,
  { shape: [inputs, width], data }: LayerWeight,
  { name, gates }: { readonly name: string; readonly gates: readonly number[] },
): OnnxValue {
  const units = width / gates.length;
  const turned = transpose(data, [inputs, width], [1, 0]);
  const block = units * inputs;
  const reordered = new Float32Array(turned.length);
  gates.forEach((gate, place) =>
    reordered.set(
      turned.subarray(gate * block, (gate + 1) * block),
      place * block,
    )
  );
  return graph.constant(name, [1, width, inputs], reordered);
}

/** ONNX has a bias for the input and one for the recurrence; the latter is 0. */
function gateBias(
  graph: OnnxGraph,
  { shape: [width], data }: LayerWeight,
  { name, gates }: { readonly name: string; readonly gates: readonly number[] },
): OnnxValue {
  const units = width / gates.length;
  const both = new Float32Array(2 * width);
  gates.forEach((gate, place) =>
    both.set(data.subarray(gate * units, (gate + 1) * units), place * units)
  );
  return graph.constant(name, [1, 2 * width], both);
}

interface Run {
  readonly cell: Cell;
  readonly config: LayerToConvert["config"];
  readonly weights: readonly LayerWeight[];
  readonly states: readonly OnnxValue[];
  /** Whether time runs backwards. */
  readonly backwards: boolean;
  /** Whether the sequence of outputs is reversed at the end. */
  readonly reversed: boolean;
  /** Put before the names of the weights. */
  readonly prefix: string;
}

/** Runs a cell over a sequence; returns the output and the last states. */
function run(
  layer: LayerToConvert,
  graph: OnnxGraph,
  { cell, config, weights, states, backwards, reversed, prefix }: Run,
): { output: OnnxValue; states: OnnxValue[] } {
  const [x] = layer.inputs;
  const [batch, steps] = x.shape;
  const packed = layer.mask && pack(graph, x, layer.mask);
  const units = numberOf(config, "units");
  const [kernel, recurrent, bias] = weights;
  const [sequence, ...last] = graph.nodeWithOutputs(
    cell.opType,
    [
      packed?.sequence ?? graph.arrange(x, [1, 0, 2]),
      gateWeights(graph, kernel, {
        name: `${prefix}kernel`,
        gates: cell.gates,
      }),
      gateWeights(graph, recurrent, {
        name: `${prefix}recurrent_kernel`,
        gates: cell.gates,
      }),
      bias
        ? gateBias(graph, bias, { name: `${prefix}bias`, gates: cell.gates })
        : null,
      packed?.lengths ?? null,
      ...states.map((state) => unsqueeze(graph, state, [0])),
    ],
    [
      config.returnSequences ? { shape: [steps, 1, batch, units] } : null,
      ...identity(cell.states).map(() => ({ shape: [1, batch, units] })),
    ],
    {
      hidden_size: units,
      direction: backwards ? "reverse" : "forward",
      ...recurrentActivationAttributes(cell.activations(config)),
    },
  );
  const lastStates = last.map((state, i) => {
    const squeezed = graph.node(
      "Squeeze",
      [state, graph.integers("first", [0])],
      { shape: [batch, units] },
    );
    return packed?.unpack.state(squeezed, states[i]) ?? squeezed;
  });
  if (!config.returnSequences) {
    return { output: lastStates[0], states: lastStates };
  }
  // It stays in time-major order for a recurrent layer that follows.
  const outputs = graph.node(
    "Squeeze",
    [sequence, graph.integers("direction", [1])],
    { shape: [batch, steps, units], order: [1, 0, 2] },
  );
  const output = packed?.unpack.outputs(outputs, states[0], backwards) ??
    outputs;
  if (!reversed) return { output, states: lastStates };
  const timeMajor = graph.arrange(output, [1, 0, 2]);
  return {
    output: graph.map("Slice", timeMajor, {}, [
      graph.integers("last", [-1]),
      graph.integers("before_first", [-Number.MAX_SAFE_INTEGER]),
      graph.integers("time", [0]),
      graph.integers("step", [-1]),
    ]),
    states: lastStates,
  };
}

interface CellConfig {
  readonly className: string;
  readonly config: LayerToConvert["config"];
}

/** The cell that a recurrent layer runs, and the layer's and cell's options. */
function cellOf(
  layer: LayerToConvert,
  { className, config }: CellConfig,
): { cell: Cell; config: LayerToConvert["config"] } {
  const own = config.cell as CellConfig | undefined;
  const name = own?.className ?? className;
  const cell = cells[name];
  if (cell === undefined) {
    throw refuse(
      layer,
      `run one of ${Object.keys(cells).join(", ")}`,
      name,
    );
  }
  if (config.stateful) {
    throw refuse(layer, "keep no state between batches", "stateful = true");
  }
  return { cell, config: { ...config, ...own?.config } };
}

/** SimpleRNN, LSTM, GRU, and RNN with one of their cells. */
export const convertRecurrent: LayerConverter = (layer, graph) => {
  const { cell, config } = cellOf(layer, layer);
  const backwards = Boolean(config.goBackwards);
  const { output, states } = run(layer, graph, {
    cell,
    config,
    weights: layer.weights,
    states: layer.inputs.slice(1),
    backwards,
    // ONNX keeps outputs beside their inputs; TensorFlow.js lists them as they come.
    reversed: backwards,
    prefix: "",
  });
  return config.returnState ? [output, ...states] : output;
};

/** Bidirectional around one of the recurrent layers. */
export const convertBidirectional: LayerConverter = (layer, graph) => {
  const { cell, config } = cellOf(layer, layer.config.layer as CellConfig);
  const halfway = layer.weights.length / 2;
  const given = layer.inputs.slice(1);
  const backwards = Boolean(config.goBackwards);
  const forward = run(layer, graph, {
    cell,
    config,
    weights: layer.weights.slice(0, halfway),
    states: given.slice(0, given.length / 2),
    backwards,
    reversed: backwards,
    prefix: "forward_",
  });
  const backward = run(layer, graph, {
    cell,
    config,
    weights: layer.weights.slice(halfway),
    states: given.slice(given.length / 2),
    backwards: !backwards,
    // The outputs of the second direction are turned round once more.
    reversed: backwards,
    prefix: "backward_",
  });
  const [shape] = layer.outputShapes;
  const merged = [forward.output, backward.output];
  const { order } = forward.output;
  const outputs = (() => {
    switch (layer.config.mergeMode) {
      case "concat":
        return [
          graph.node("Concat", merged, { shape, order }, {
            axis: shape.length - 1,
          }),
        ];
      case "sum":
        return [graph.node("Add", merged, { shape, order })];
      case "ave":
        return [graph.node("Mean", merged, { shape, order })];
      case "mul":
        return [graph.node("Mul", merged, { shape, order })];
      default:
        return merged;
    }
  })();
  return config.returnState
    ? [...outputs, ...forward.states, ...backward.states]
    : outputs;
};
