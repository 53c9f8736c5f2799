import type { LayersModel, Tensor } from "./types.ts";

/** A model's output, and the loss that it is compiled with. */
export interface OutputLoss {
  /** The output's name. */
  readonly output: string;
  /** The loss by its name, where it has one that tfjs knows. */
  readonly name?: string;
  /** The loss of targets and outputs, of each example or their mean. */
  readonly of: (targets: Tensor, outputs: Tensor) => Tensor;
  /** The activation that the output comes from, where that is plain. */
  readonly activation?: string;
  /** What that activation is taken of, where that is plainly another's outputs. */
  readonly ofActivation?: string;
  /** The output's shape, its examples included. */
  readonly shape: readonly (number | null)[];
}

/** What tfjs hides of a compiled model. */
interface CompiledModel {
  /** A Sequential trains through a LayersModel inside it. */
  model?: CompiledModel;
  loss?: unknown;
  outputNames?: string[];
  lossFunctions?: OutputLoss["of"][];
}

/** The activations of layers that are nothing else. */
const ACTIVATION_LAYERS: { readonly [className: string]: string } = {
  Softmax: "softmax",
  ReLU: "relu",
};

function activationOf(output: LayersModel["outputs"][0]): string | undefined {
  const layer = output.sourceLayer;
  const own = ACTIVATION_LAYERS[layer?.getClassName() ?? ""];
  if (own !== undefined) return own;
  const { activation } = layer?.getConfig() ?? {};
  return typeof activation === "string" ? activation : undefined;
}

/** The activation of what a layer without weights is given. */
function activationBefore(output: LayersModel["outputs"][0]) {
  const { sourceLayer, inputs } = output;
  return sourceLayer?.weights.length === 0 && inputs?.length === 1
    ? activationOf(inputs[0])
    : undefined;
}

/** The loss of each of a compiled model's outputs, in their order. */
export function outputLosses(model: LayersModel): OutputLoss[] {
  const internals = model as unknown as CompiledModel;
  const { lossFunctions = [], outputNames = [], loss } = internals.model ??
    internals;
  const given = (i: number): unknown => {
    if (typeof loss !== "object" || loss === null) return loss;
    return Array.isArray(loss)
      ? loss[i]
      : (loss as { readonly [name: string]: unknown })[outputNames[i]];
  };
  return lossFunctions.map((of, i) => {
    const name = given(i);
    const activation = activationOf(model.outputs[i]);
    const ofActivation = activationBefore(model.outputs[i]);
    return {
      output: outputNames[i],
      of,
      ...(typeof name === "string" ? { name } : {}),
      ...(activation === undefined ? {} : { activation }),
      ...(ofActivation === undefined ? {} : { ofActivation }),
      shape: model.outputs[i].shape,
    };
  });
}
