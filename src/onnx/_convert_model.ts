import * as tf from "@tensorflow/tfjs";
import { converters, takesIntegers } from "./_converters.ts";
import type { OnnxGraph, OnnxShape, OnnxValue } from "./graph.ts";
import type { LostMask, Mask } from "./_mask.ts";
import { MaskRules } from "./_mask_rules.ts";
import type { LayerConverter, LayerWeight } from "./layer_converter.ts";

type Layer = tf.SymbolicTensor["sourceLayer"];
type Variable = tf.LayersModel["weights"][number];

/** One application of a layer. */
interface Application {
  readonly inputs: readonly OnnxValue[];
  /** Of the first input, where the layer heeds it. */
  readonly mask?: Mask;
  readonly outputShapes: readonly OnnxShape[];
  /** Put before the layer's name. */
  readonly scope: string;
}

/** Reads every weight of the model from its backend. */
export async function readWeights(
  model: tf.LayersModel,
): Promise<Map<Variable, LayerWeight>> {
  const weights = new Map<Variable, LayerWeight>();
  for (const variable of model.weights) {
    const tensor = variable.read();
    weights.set(variable, {
      shape: tensor.shape,
      data: new Float32Array(await tensor.data()),
    });
  }
  return weights;
}

/** Writes the layers of a model, and of models within it, into a graph. */
export class ModelConverter {
  readonly #graph: OnnxGraph;
  readonly #weights: Map<Variable, LayerWeight>;
  readonly #custom: Readonly<Record<string, LayerConverter>>;
  readonly #masks: MaskRules;

  constructor(
    graph: OnnxGraph,
    weights: Map<Variable, LayerWeight>,
    custom: Readonly<Record<string, LayerConverter>>,
  ) {
    this.#graph = graph;
    this.#weights = weights;
    this.#custom = custom;
    this.#masks = new MaskRules(graph);
  }

  /** Writes a model applied to `inputs` and returns its outputs. */
  model(
    model: tf.LayersModel,
    inputs: readonly OnnxValue[],
    scope: string,
  ): OnnxValue[] {
    const values = new Map(
      model.inputs.map((input, i) => [input.id, inputs[i]]),
    );
    const masks = new Map<number, Mask | LostMask | undefined>();
    const valueOf = (symbolic: tf.SymbolicTensor): OnnxValue => {
      const known = values.get(symbolic.id);
      if (known !== undefined) return known;
      const { sourceLayer, nodeIndex } = symbolic;
      const { outputTensors } = sourceLayer.inboundNodes[nodeIndex];
      const layerInputs = symbolic.inputs.map(valueOf);
      const inputMasks = symbolic.inputs.map(({ id }) => masks.get(id));
      const outputs = this.#layer(sourceLayer, {
        inputs: layerInputs,
        mask: this.#masks.taken(sourceLayer, inputMasks[0], scope),
        outputShapes: outputTensors.map(({ shape }) => shape),
        scope,
      });
      const mask = this.#masks.given(sourceLayer, {
        inputs: layerInputs,
        masks: inputMasks,
        scope,
      });
      outputTensors.forEach(({ id }, i) => {
        values.set(id, outputs[i]);
        masks.set(id, mask);
      });
      return values.get(symbolic.id)!;
    };
    return model.outputs.map(valueOf);
  }

  #layer(
    layer: Layer,
    { inputs, mask, outputShapes, scope }: Application,
  ): readonly OnnxValue[] {
    const name = `${scope}${layer.name}`;
    if (layer instanceof tf.LayersModel) {
      return this.model(layer, inputs, `${name}/`);
    }
    const className = layer.getClassName();
    const graph = this.#graph;
    graph.enter(name);
    if (className === "TimeDistributed") {
      return [
        this.#timeDistributed(layer, {
          input: inputs[0],
          outputShape: outputShapes[0],
          scope,
        }),
      ];
    }
    const custom = Object.hasOwn(this.#custom, className);
    const convert = (custom ? this.#custom : converters)[className];
    if (convert === undefined) {
      throw new TypeError(
        `Cannot export the model as each of its layers must be one of ${
          [...Object.keys(converters), "TimeDistributed"].sort().join(", ")
        }, or have its class in options.converters: current value is layer "${name}" (${className})`,
      );
    }
    const floats = takesIntegers.has(className)
      ? inputs
      : inputs.map((input) => graph.float(input));
    const converted = convert({
      name,
      className,
      config: {
        // Conv1D has it and leaves it out of its config.
        dataFormat: (layer as { readonly dataFormat?: unknown }).dataFormat,
        ...layer.getConfig(),
      },
      weights: layer.weights.map((variable) => this.#weights.get(variable)!),
      inputs: custom ? floats.map((input) => graph.plain(input)) : floats,
      ...(mask && { mask }),
      outputShapes,
    }, graph);
    return Array.isArray(converted) ? converted : [converted as OnnxValue];
  }

  /** The steps of a sequence join the batch, go through the layer, and part again. */
  #timeDistributed(
    wrapper: Layer,
    { input, outputShape, scope }: {
      readonly input: OnnxValue;
      readonly outputShape: OnnxShape;
      readonly scope: string;
    },
  ): OnnxValue {
    const graph = this.#graph;
    const { layer } = wrapper as Layer & { readonly layer: Layer };
    const x = graph.plain(input);
    const [, steps, ...rest] = x.shape;
    if (rest.includes(null)) {
      throw new TypeError(
        `Cannot export the model as what layer "${wrapper.name}" (TimeDistributed) repeats must have known dimensions: current value is [${x.shape}]`,
      );
    }
    const joined = graph.node("Reshape", [
      x,
      graph.integers("joined", [-1, ...rest as number[]]),
    ], { shape: [null, ...rest], dtype: x.dtype });
    const inner = `${scope}${wrapper.name}/`;
    this.#masks.taken(layer, undefined, inner);
    const [each] = this.#layer(layer, {
      inputs: [joined],
      outputShapes: [[null, ...outputShape.slice(2)]],
      scope: inner,
    });
    graph.enter(`${scope}${wrapper.name}`);
    const features = outputShape.slice(2) as number[];
    // With the number of steps unknown, it is read from the input as it comes.
    const target = steps === null
      ? graph.node(
        "Concat",
        [
          graph.node("Slice", [
            graph.node("Shape", [x], {
              shape: [x.shape.length],
              dtype: "int64",
            }),
            graph.integers("batch", [0]),
            graph.integers("features", [2]),
          ], { shape: [2], dtype: "int64" }),
          graph.integers("each", features),
        ],
        { shape: [outputShape.length], dtype: "int64" },
        { axis: 0 },
      )
      : graph.integers("parted", [-1, steps, ...features]);
    return graph.node("Reshape", [graph.plain(each), target], {
      shape: outputShape,
      dtype: each.dtype,
    });
  }
}
