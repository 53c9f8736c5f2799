import * as tf from "@tensorflow/tfjs";
import { show } from "../runtime/check_data.ts";
import { layersWithin } from "./layers_within.ts";
import { isForeignModel, twoCopies } from "./two_copies.ts";
import type { LayersModel } from "./types.ts";

/**
 * Throws unless `model` is one of layers, of this copy of tfjs.
 *
 * @param action What cannot be done otherwise, such as "average weights".
 */
export function checkModel(
  action: string,
  model: unknown,
): asserts model is LayersModel {
  if (model instanceof tf.LayersModel) return;
  if (isForeignModel(model)) throw twoCopies(action);
  const shown = typeof model === "object" && model !== null
    ? model.constructor?.name ?? "an object"
    : show(model);
  throw new TypeError(
    `Cannot ${action} as the model must be a tf.LayersModel: current value is ${shown}`,
  );
}

/** Throws if `model` has a layer that carries a state from batch to batch. */
export function checkStateless(action: string, model: LayersModel): void {
  for (const layer of layersWithin(model)) {
    if (layer instanceof tf.LayersModel || !layer.stateful) continue;
    throw new TypeError(
      `Cannot ${action} as the model must have no stateful recurrent layer: current value has "${layer.name}"`,
    );
  }
}
