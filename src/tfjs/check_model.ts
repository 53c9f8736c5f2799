import * as tf from "@tensorflow/tfjs";
import { checkKind } from "../runtime/check_given.ts";
import { isForeignModel, twoCopies } from "./two_copies.ts";

/**
 * Throws unless `model` is a model of tfjs, and of this copy of it.
 *
 * @throws {TypeError} `Cannot ACTION as model must be a tf.LayersModel: …`.
 */
export function checkLayersModel(action: string, model: unknown): void {
  if (model instanceof tf.LayersModel) return;
  if (isForeignModel(model)) throw twoCopies(action);
  checkKind(
    action,
    { name: "model", value: model, must: "a tf.LayersModel" },
    false,
  );
}
