import type { Holder } from "./holder.ts";
import { allLayersWithin } from "./layers_within.ts";
import type { LayersModel } from "./types.ts";

/** What fit and fitDataset leave behind on a model. */
const MODEL_FIELDS = ["stopTraining_", "isTraining", "history"];

/** What a stateful recurrent layer carries from batch to batch. */
const STATEFUL_LAYER_FIELDS = ["states_", "keptStates"];

/** An object of tfjs, and the names of its fields that training changes. */
export interface TrainingFields {
  readonly holder: Holder;
  readonly keys: readonly string[];
}

/** What training changes of a model and its layers, beside their weights. */
export function* trainingFields(model: LayersModel): Iterable<TrainingFields> {
  yield { holder: model, keys: MODEL_FIELDS };
  // A Sequential trains through a LayersModel inside it.
  const { model: inner } = model as Holder;
  if (inner) yield { holder: inner, keys: MODEL_FIELDS };
  for (const layer of allLayersWithin(model)) {
    if (layer.stateful) yield { holder: layer, keys: STATEFUL_LAYER_FIELDS };
  }
}
