import * as tf from "@tensorflow/tfjs";
import {
  allLayersWithin,
  type Layer,
  layersWithin,
} from "../../tfjs/layers_within.ts";
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

/** From which value on an option of a layer drowns what there is to learn. */
const DROWNING: { readonly [option: string]: number } = {
  rate: 0.9,
  dropout: 0.9,
  recurrentDropout: 0.9,
  stddev: 10,
};

/** Layers that draw at random what becomes of their inputs. */
const OF_NOISE = /Dropout|GaussianNoise|LSTM|GRU|SimpleRNN|ConvLSTM/;

/** A layer that leaves of its inputs hardly anything but noise. */
export interface DrowningLayer {
  /** Its name. */
  readonly layer: string;
  /** The option that says how much. */
  readonly option: string;
  /** Its value. */
  readonly value: number;
}

/** The first layer of a model, if any, that drowns what it is given in noise. */
export function drowningLayerOf(
  model: LayersModel,
): DrowningLayer | undefined {
  for (const layer of allLayersWithin(model)) {
    if (!OF_NOISE.test(layer.getClassName())) continue;
    const config = layer.getConfig();
    for (const [option, least] of Object.entries(DROWNING)) {
      const value = config[option];
      if (typeof value === "number" && value >= least) {
        return { layer: layer.name, option, value };
      }
    }
  }
}

/** Layers that let what passes through many others reach the last. */
const REVIVING: ReadonlySet<string> = new Set([
  "BatchNormalization",
  "LayerNormalization",
  "Add",
  "Concatenate",
]);

/** Activations that weaken what passes through them, or stop it. */
const WEAKENING: ReadonlySet<unknown> = new Set([
  "relu",
  "relu6",
  "sigmoid",
  "hardSigmoid",
  "tanh",
  "softsign",
]);

/**
 * Layers of units that what is learned has to pass, one after another: 0 where
 * normalization or a way around them helps it.
 */
export function plainDepthOf(model: LayersModel): number {
  const layers = [...layersWithin(model)];
  if (layers.some((layer) => REVIVING.has(layer.getClassName()))) return 0;
  return layers.filter((layer) =>
    layer.getClassName() === "ReLU" ||
    WEAKENING.has(layer.getConfig().activation)
  ).length;
}
