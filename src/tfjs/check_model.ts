import * as tf from "@tensorflow/tfjs";
import { show } from "../runtime/check_data.ts";
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
