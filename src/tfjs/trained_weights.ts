/** What tfjs hides of a model's training. */

import type { LayersModel, Variable } from "./types.ts";

/** A weight of a layer: its value, its name and whether it is trained. */
export type LayerWeight = LayersModel["weights"][0];

/** The variable of a weight: `read` gives it, typed as any tensor. */
export function variableOf(weight: Pick<LayerWeight, "read">): Variable {
  return weight.read() as Variable;
}

interface TrainingFields {
  readonly isTraining?: boolean;
  readonly collectedTrainableWeights?: readonly LayerWeight[];
  /** Of a `Sequential`, the model inside it that is trained. */
  readonly model?: TrainingFields;
}

/** Whether `fit` or `fitDataset` of the model is going on. */
export function isTraining(model: LayersModel | undefined): boolean {
  const fields = model as TrainingFields | undefined;
  return (fields?.model ?? fields)?.isTraining === true;
}

/**
 * The weights that a step changes, in the order in which the optimizer counts
 * its slots: those that were trainable when the model was compiled.
 */
export function trainedWeights(model: LayersModel): readonly LayerWeight[] {
  const fields = model as unknown as TrainingFields;
  return (fields.model ?? fields).collectedTrainableWeights ??
    model.trainableWeights;
}

/** Whether a model's weights are disposed, all or some. */
export function isDisposed({ weights }: LayersModel): boolean {
  return weights.some((weight) =>
    (weight as unknown as { val?: Variable }).val?.isDisposed === true
  );
}

/** Whether no layer was frozen or thawed since a model was compiled. */
export function isCompiledAsItIs(model: LayersModel): boolean {
  const trained = new Set(trainedWeights(model));
  const { trainableWeights } = model;
  return trained.size === trainableWeights.length &&
    trainableWeights.every((weight) => trained.has(weight));
}
