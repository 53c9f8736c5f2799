import * as tf from "@tensorflow/tfjs";
import { type Layer, layersWithin } from "../../tfjs/layers_within.ts";
import type { LayersModel } from "../../tfjs/types.ts";

/** What a model's penalties on its weights add to its loss. */
export async function penaltyOf(model: LayersModel): Promise<number> {
  const inner = (model as { model?: LayersModel }).model ?? model;
  const penalties = tf.tidy(() =>
    (inner as { calculateLosses(): tf.Scalar[] }).calculateLosses()
  );
  const values = await Promise.all(penalties.map((one) => one.data()));
  tf.dispose(penalties);
  return values.reduce((total, [value]) => total + value, 0);
}

/** Layers after which the size of the inputs no longer counts. */
const RESIZING: ReadonlySet<string> = new Set([
  "Embedding",
  "BatchNormalization",
  "LayerNormalization",
  "Rescaling",
  "Normalization",
]);

/** Whether a layer takes a row of numbers of each example, and no picture. */
function takesRows({ inboundNodes }: Layer): boolean {
  const shapes = inboundNodes[0]?.inputShapes;
  return shapes?.length === 1 && (shapes[0] as tf.Shape).length === 2;
}

/** Whether batch normalization takes a single number of each example. */
export function normalizesExamples(model: LayersModel): boolean {
  return [...layersWithin(model)].some((layer) =>
    layer.getClassName() === "BatchNormalization" &&
    takesRows(layer)
  );
}

/** Whether inputs reach the weights in the size that they come in. */
export function takesInputsAsTheyAre(model: LayersModel): boolean {
  for (const layer of layersWithin(model)) {
    const name = layer.getClassName();
    if (RESIZING.has(name)) return false;
    if (layer.weights.length > 0 && !(layer instanceof tf.LayersModel)) break;
  }
  return true;
}
