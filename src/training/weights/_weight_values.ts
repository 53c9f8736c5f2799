import * as tf from "@tensorflow/tfjs";
import { type LayerWeight, variableOf } from "../../tfjs/trained_weights.ts";
import type { LayersModel, Tensor } from "../../tfjs/types.ts";
import { describeDifference } from "./match_weights.ts";

/**
 * Weights and what they were. By the weight itself, as the order of
 * `model.weights` changes when layers are frozen or no longer are.
 */
export type WeightValues = ReadonlyMap<LayerWeight, Tensor>;

/** The weights as they are; it costs no copy until they change. */
export function holdWeights(model: LayersModel): WeightValues {
  return new Map(
    model.weights.map((weight) => [weight, tf.keep(weight.read().clone())]),
  );
}

/**
 * Gives a model's weights values.
 *
 * @throws {RangeError} If these are not of the weights that it has.
 */
export function useWeights(model: LayersModel, values: WeightValues): void {
  checkWeights(model, values);
  for (const [weight, value] of values) variableOf(weight).assign(value);
}

/**
 * Throws unless values are of the weights that a model has.
 *
 * @throws {RangeError} The message names those of one alone.
 */
export function checkWeights(
  model: LayersModel,
  values: WeightValues,
  action = "use a snapshot",
): void {
  const own = new Set(model.weights);
  const lacking = [...values.keys()].filter((weight) => !own.has(weight));
  const unknown = [...own].filter((weight) => !values.has(weight));
  if (lacking.length === 0 && unknown.length === 0) return;
  const names = (weights: readonly LayerWeight[]) =>
    weights.map(({ originalName }) => originalName);
  throw new RangeError(
    `Cannot ${action} as the model must have the weights that a snapshot has: ${
      describeDifference(names(lacking), names(unknown))
    }`,
  );
}

/** Frees values. */
export function releaseWeights(values: WeightValues): void {
  tf.dispose([...values.values()]);
}
