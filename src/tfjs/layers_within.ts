import * as tf from "@tensorflow/tfjs";
import type { LayersModel } from "./types.ts";

/** A layer of tfjs. */
export type Layer = LayersModel["layers"][0];

/** Every layer of a model, those of models used as layers included. */
export function* layersWithin(model: LayersModel): Iterable<Layer> {
  for (const layer of model.layers) {
    yield layer;
    if (layer instanceof tf.LayersModel) yield* layersWithin(layer);
  }
}
