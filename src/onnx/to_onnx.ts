import * as tf from "@tensorflow/tfjs";
import { ModelConverter, readWeights } from "./_convert_model.ts";
import { foldBatchNormalization, removeUnused } from "./_fold.ts";
import { channelsFirst, identity } from "./_transpose.ts";
import { writeModel } from "./_write_model.ts";
import { OnnxGraph, type OnnxValue } from "./graph.ts";
import type { LayerConverter } from "./layer_converter.ts";
import type { LayersModel } from "../tfjs/types.ts";
import { checkModel } from "../tfjs/check_model.ts";
import {
  aFunction,
  type Check,
  checkOptions,
  mapOf,
  oneOf,
  optional,
  record,
  show,
  text,
  that,
} from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    opset: 0,
    name: 0,
    inputLayout: 0,
    normalization: 0,
    converters: 0,
    metadata: 0,
  } satisfies Record<keyof ToOnnxOptions, 0>,
);

const numbers = that(
  "be a list of finite numbers",
  (value) =>
    (Array.isArray(value) ||
      ArrayBuffer.isView(value) && !(value instanceof DataView)) &&
    Array.from(value as ArrayLike<unknown>).every(Number.isFinite),
);

const OPTIONS = {
  name: text,
  inputLayout: oneOf("NHWC", "NCHW"),
  normalization: record({ mean: numbers, scale: optional(numbers) }),
  converters: mapOf(aFunction),
  metadata: mapOf(text),
} satisfies { readonly [Name in keyof ToOnnxOptions]: Check };

/**
 * How an input is normalized: `(x − mean) · scale`. Both have one number, one
 * for each channel (the last dimension), or one for every number of an example,
 * in the layout that TensorFlow.js has.
 */
export interface InputNormalization {
  /** What is subtracted. */
  readonly mean: ArrayLike<number>;
  /**
   * What the difference is multiplied by.
   *
   * @default {[1]}
   */
  readonly scale?: ArrayLike<number>;
}

/** Options of {@linkcode toOnnx}. */
export interface ToOnnxOptions {
  /**
   * The version of the ONNX operator set, 13 to 21. An older one is read by
   * older runtimes.
   *
   * @default {17}
   */
  readonly opset?: number;
  /**
   * The name of the graph.
   *
   * @default {the name of the model}
   */
  readonly name?: string;
  /**
   * How inputs of rank 4, batches of images, are laid out: as TensorFlow.js
   * has them, or with the channels before height and width.
   *
   * @default {"NHWC"}
   */
  readonly inputLayout?: "NHWC" | "NCHW";
  /**
   * What training did to its input before the model saw it. The exported model
   * does it first, and so takes what there was before, such as raw pixels. For
   * models with one input.
   *
   * @default {none}
   */
  readonly normalization?: InputNormalization;
  /**
   * Converters for layers that the exporter does not know, by class name; they
   * take precedence over its own.
   *
   * @default {{}}
   */
  readonly converters?: Readonly<Record<string, LayerConverter>>;
  /**
   * What else the file says of the model, such as the names of its classes;
   * {@linkcode OnnxSession.metadata} gives it back.
   *
   * @default {{}}
   */
  readonly metadata?: Readonly<Record<string, string>>;
}

function checkExport(model: unknown, options: ToOnnxOptions): void {
  checkNames("export the model", options, NAMES);
  checkOptions("export the model", options, OPTIONS);
  checkModel("export to ONNX", model);
  if (!model.inputs?.length) {
    throw new TypeError(
      `Cannot export the model as its input shape must be known, from the inputShape of its first layer: current value is model "${model.name}" without one`,
    );
  }
  // A sequential model is built when it is first used.
  if (!model.built) model.build(model.inputs[0].shape);
  const { opset = 17, normalization } = options;
  if (!Number.isInteger(opset) || opset < 13 || opset > 21) {
    throw new RangeError(
      `Cannot export the model as opset must be an integer from 13 to 21: current value is ${
        show(opset)
      }`,
    );
  }
  if (normalization !== undefined && model.inputs.length !== 1) {
    throw new TypeError(
      `Cannot export the model with a normalization as it must have one input: current value is ${model.inputs.length} inputs`,
    );
  }
}

function inputType(input: tf.SymbolicTensor): "float32" | "int32" {
  if (input.dtype === "float32" || input.dtype === "int32") return input.dtype;
  throw new TypeError(
    `Cannot export the model as its inputs must be of type float32 or int32: current value is "${input.name}" of type ${input.dtype}`,
  );
}

/** A constant of the normalization, spread over the channels or the example. */
function normalizer(
  graph: OnnxGraph,
  x: OnnxValue,
  { name, values }: {
    readonly name: "mean" | "scale";
    readonly values: ArrayLike<number>;
  },
): OnnxValue {
  const example = x.shape.slice(1);
  const channels = example[example.length - 1];
  const size = example.reduce<number>((a, dim) => a * (dim ?? NaN), 1);
  const { length } = values;
  if (length !== 1 && length !== channels && length !== size) {
    throw new RangeError(
      `Cannot export the model as normalization.${name} must have one number, ${channels}, one a channel, or one for each number of an example of shape [${example}]: current value is ${length} numbers`,
    );
  }
  const dims = length === size
    ? [1, ...example as number[]]
    : x.shape.map((_, axis) => axis === example.length ? length : 1);
  return graph.constantFor(x, name, dims, Float32Array.from(values));
}

function normalize(
  graph: OnnxGraph,
  input: OnnxValue,
  { mean, scale }: InputNormalization,
): OnnxValue {
  graph.enter("normalization");
  const x = graph.float(input);
  const centred = graph.map("Sub", x, {}, [
    normalizer(graph, x, { name: "mean", values: mean }),
  ]);
  if (scale === undefined) return centred;
  return graph.map("Mul", centred, {}, [
    normalizer(graph, x, { name: "scale", values: scale }),
  ]);
}

/** Gives the outputs of the graph their names, in place where that is possible. */
function nameOutputs(
  graph: OnnxGraph,
  values: readonly OnnxValue[],
  names: readonly string[],
): OnnxValue[] {
  const produced = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
  const renamed = new Map<string, string>();
  return values.map((value, i) => {
    const name = names[i];
    if (produced.delete(value.name)) {
      renamed.set(value.name, name);
      const rename = (list: readonly string[]) =>
        list.map((tensor) => tensor === value.name ? name : tensor);
      for (const node of graph.nodes) {
        node.inputs = rename(node.inputs);
        node.outputs = rename(node.outputs);
      }
    } else {
      // An input that goes straight out, or a tensor that goes out twice.
      graph.nodes.push({
        name: graph.unique(`${name}/Identity`),
        opType: "Identity",
        inputs: [renamed.get(value.name) ?? value.name],
        outputs: [name],
        attributes: {},
      });
    }
    return { ...value, name };
  });
}

/**
 * Writes a trained `tf.LayersModel`, sequential or functional, as an ONNX file.
 *
 * The exported model computes what `model.predict` computes, with the batch
 * size left open. Inputs and outputs keep their names and, by default, their
 * layout; within the graph, tensors lie as ONNX's operators want them, and a
 * transpose is written only where two of them differ. Dropout and noise are
 * dropped, recurrent layers pass over the steps that `Masking` or an embedding
 * with `maskZero` masks, wherever they are, batch normalization goes into the layer before it where that is
 * exact, and the weights are read from whatever backend they are on.
 *
 * @returns The bytes of the file.
 *
 * @throws {TypeError} If the model is no built `tf.LayersModel`, or has a
 * layer or an option that cannot be exported; the message names the layer, its
 * class and what is supported.
 * @throws {RangeError} If `opset` or the length of a normalization does not
 * fit.
 *
 * Source: {@link https://onnx.ai/onnx/operators/}
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { createSession, toOnnx } from "@clr/clr/onnx";
 *
 * await tf.setBackend("cpu");
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 3, activation: "softmax", inputShape: [4] })],
 * });
 * const bytes = await toOnnx(model);
 *
 * await using session = await createSession(bytes, { threads: 1 });
 * console.log(session.inputs);
 * ```
 *
 * @example Sentences of different lengths, filled up with zeros
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { createSession, toOnnx } from "@clr/clr/onnx";
 *
 * await tf.setBackend("cpu");
 * const { layers } = tf;
 * const model = tf.sequential({
 *   layers: [
 *     layers.embedding({ inputDim: 50, outputDim: 8, maskZero: true, inputLength: 6 }),
 *     layers.lstm({ units: 4 }),
 *   ],
 * });
 * await using session = await createSession(await toOnnx(model), { threads: 1 });
 * const words = Float32Array.of(3, 14, 15, 0, 0, 0);
 * console.log(await session.run({
 *   [session.inputs[0].name]: { data: words, shape: [1, 6] },
 * }));
 * ```
 */
export async function toOnnx(
  model: LayersModel,
  options: ToOnnxOptions = {},
): Promise<Uint8Array> {
  checkExport(model, options);
  const { opset = 17, inputLayout = "NHWC", converters = {} } = options;
  const graph = new OnnxGraph(opset);
  const inputs = model.inputs.map((input, i): OnnxValue => ({
    name: graph.unique(model.inputNames[i]),
    shape: input.shape,
    order: inputLayout === "NCHW" && input.shape.length === 4
      ? channelsFirst(4)
      : identity(input.shape.length),
    dtype: inputType(input),
  }));
  const outputNames = model.outputNames.map((name) => graph.unique(name));

  const converter = new ModelConverter(
    graph,
    await readWeights(model),
    converters,
  );
  const fed = options.normalization === undefined
    ? inputs
    : [normalize(graph, inputs[0], options.normalization)];
  const results = converter.model(model, fed, "").map((value) => {
    graph.enter("outputs");
    return graph.plain(value);
  });
  const resultNames = results.map(({ name }) => name);
  foldBatchNormalization(graph, resultNames);
  removeUnused(graph, resultNames);
  const outputs = nameOutputs(graph, results, outputNames);

  const source = `TensorFlow.js ${tf.version.tfjs}`;
  return writeModel(graph, {
    name: options.name ?? model.name,
    inputs,
    outputs,
    metadata: { source, ...options.metadata },
  });
}
