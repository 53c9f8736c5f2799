import { allLayersWithin } from "./layers_within.ts";
import type { LayersModel } from "./types.ts";

/** A layer that normalizes batches, with what tfjs hides. */
export interface BatchNormalization {
  /** Computes a batch, and in training moves the statistics. */
  call(...given: readonly unknown[]): unknown;
  /** How much of the moving statistics a batch leaves. */
  momentum: number;
}

/** The layers of a model that normalize batches. */
export function* batchNormalizations(
  model: LayersModel,
): Iterable<BatchNormalization> {
  for (const layer of allLayersWithin(model)) {
    if (layer.getClassName() === "BatchNormalization") {
      yield layer as unknown as BatchNormalization;
    }
  }
}
