import { layersWithin } from "./layers_within.ts";
import type { LayerWeight } from "./trained_weights.ts";
import * as tf from "@tensorflow/tfjs";
import type { LayersModel } from "./types.ts";

/** A name that tfjs gave a layer: its class, and a number that counts on. */
const GIVEN = /([a-z0-9_]+_[A-Z][A-Za-z0-9]*?)(\d+)(?=\/|$)/g;

/**
 * Names as another process would have given them: the numbers in the names of
 * layers that were given none count all such layers that the process made
 * before, of this model or not, so each stands as its rank among the model's. A
 * name that occurs twice, in a model within the model, gets a number behind it.
 */
export function comparableNames(names: readonly string[]): string[] {
  const numbers = new Map<string, Set<number>>();
  for (const name of names) {
    for (const [, kind, number] of name.matchAll(GIVEN)) {
      const seen = numbers.get(kind) ?? new Set();
      numbers.set(kind, seen.add(Number(number)));
    }
  }
  const ranks = new Map(
    [...numbers].map(([kind, seen]) => [
      kind,
      [...seen].sort((a, b) => a - b),
    ]),
  );
  const times = new Map<string, number>();
  return names.map((name) => {
    const comparable = name.replace(
      GIVEN,
      (_, kind, number) => `${kind}${1 + ranks.get(kind)!.indexOf(+number)}`,
    );
    const time = 1 + (times.get(comparable) ?? 0);
    times.set(comparable, time);
    return time === 1 ? comparable : `${comparable}#${time}`;
  });
}

/**
 * Every weight of the model once, layer by layer: an order that does not depend
 * on which layers are frozen, as that of `model.weights` does.
 */
export function weightsInOrder(model: LayersModel): LayerWeight[] {
  const weights = new Set<LayerWeight>();
  for (const layer of layersWithin(model)) {
    if (layer instanceof tf.LayersModel) continue;
    for (const weight of layer.weights) weights.add(weight);
  }
  // A model may have weights beside those of its layers.
  for (const weight of model.weights) weights.add(weight);
  return [...weights];
}

/** The names of the model's layers that are frozen, or have a frozen part. */
export function frozenLayers(model: LayersModel): string[] {
  return [...layersWithin(model)]
    .filter((layer) => !(layer instanceof tf.LayersModel))
    .filter((layer) =>
      layer.weights.length > 0 && layer.trainableWeights.length === 0
    )
    .map(({ name }) => name);
}
