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

/** What tfjs's wrappers of layers have. */
interface Wrapper {
  readonly layer?: unknown;
  readonly forwardLayer?: unknown;
  readonly backwardLayer?: unknown;
}

/** As {@linkcode layersWithin}, and the layers that wrappers run. */
export function* allLayersWithin(model: LayersModel): Iterable<Layer> {
  for (const layer of layersWithin(model)) {
    yield layer;
    yield* wrappedBy(layer);
  }
}

function* wrappedBy(wrapper: Layer): Iterable<Layer> {
  const { layer, forwardLayer, backwardLayer } = wrapper as unknown as Wrapper;
  // A bidirectional layer runs two copies of the one that it was given.
  const wrapped = forwardLayer ? [forwardLayer, backwardLayer] : [layer];
  for (const inner of wrapped) {
    if (!(inner instanceof tf.layers.Layer)) continue;
    yield inner;
    if (inner instanceof tf.LayersModel) yield* allLayersWithin(inner);
    else yield* wrappedBy(inner);
  }
}
