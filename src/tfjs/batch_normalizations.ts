import { layersWithin } from "./layers_within.ts";
import type { LayersModel } from "./types.ts";

/** A layer that normalizes batches, with the field that tfjs hides. */
export interface BatchNormalization {
  /** How much of the moving statistics a batch leaves. */
  momentum: number;
}

/** The layers of a model that normalize batches. */
export function* batchNormalizations(
  model: LayersModel,
): Iterable<BatchNormalization> {
  for (const layer of layersWithin(model)) {
    if (layer.getClassName() === "BatchNormalization") {
      yield layer as unknown as BatchNormalization;
    }
  }
}
