import type * as tf from "@tensorflow/tfjs";

/** What every network of the examples takes. */
export interface ModelOptions {
  /** The seed of the weights: the same seed gives the same weights. @default {0} */
  seed?: number;
  /** How many classes to tell apart. @default {10} */
  classes?: number;
  /** Compiles the model, with categorical cross-entropy and accuracy. @default {left uncompiled} */
  optimizer?: tf.Optimizer;
}

/** Compiles `model` when there is an optimizer, and gives it back. */
export function compileWith<Model extends tf.LayersModel>(
  model: Model,
  optimizer: tf.Optimizer | undefined,
): Model {
  if (optimizer) {
    model.compile({
      optimizer,
      loss: "categoricalCrossentropy",
      metrics: ["accuracy"],
    });
  }
  return model;
}

/** Seeds for the layers of one model, one after another, all different. */
export function layerSeeds(seed: number): () => number {
  let layer = 0;
  return () => 1024 * seed + ++layer;
}
