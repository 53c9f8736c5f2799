import * as tf from "@tensorflow/tfjs";
import { layersWithin } from "../tfjs/layers_within.ts";
import type { OutputLoss } from "../tfjs/output_losses.ts";
import type { LayersModel } from "../tfjs/types.ts";
import { formatRate } from "../metrics/format_rate.ts";
import { targetOf } from "./baseline.ts";
import type { TensorTree } from "./data.ts";

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

/** Whether inputs reach the weights in the size that they come in. */
export function takesInputsAsTheyAre(model: LayersModel): boolean {
  for (const layer of layersWithin(model)) {
    const name = layer.getClassName();
    if (RESIZING.has(name)) return false;
    if (layer.weights.length > 0 && !(layer instanceof tf.LayersModel)) break;
  }
  return true;
}

/** How far beyond what an activation gives targets may lie by intent. */
const SLACK = 0.05;

/** The same where it is bounded on one side, in the targets' own range. */
const ONE_SIDED_SLACK = 0.25;

/** What activations give. */
const REACHES: { readonly [activation: string]: readonly [number, number] } = {
  sigmoid: [0, 1],
  hardSigmoid: [0, 1],
  softmax: [0, 1],
  tanh: [-1, 1],
  softsign: [-1, 1],
  relu: [0, Infinity],
  relu6: [0, 6],
  softplus: [0, Infinity],
  elu: [-1, Infinity],
  selu: [-1.76, Infinity],
};

/** Losses that are least where an output is its target. */
const OF_LIKENESS: ReadonlySet<string> = new Set([
  "meanSquaredError",
  "meanAbsoluteError",
  "meanAbsolutePercentageError",
  "meanSquaredLogarithmicError",
  "logcosh",
  "categoricalCrossentropy",
  "binaryCrossentropy",
  "kullbackLeiblerDivergence",
]);

/** Losses of how far an output is from its target. */
const OF_DISTANCE: ReadonlySet<string> = new Set([
  "meanSquaredError",
  "meanAbsoluteError",
  "logcosh",
]);

/** Whether a loss is of how far outputs, which may be any, are from targets. */
export function isOfDistance({ name, activation }: OutputLoss): boolean {
  return OF_DISTANCE.has(name ?? "") && !(activation! in REACHES);
}

interface Mismatch {
  /** What does not suit what. */
  readonly detail: string;
  /** What would. */
  readonly to: string;
}

/** The least and the greatest of an output's targets. */
async function rangeOf(
  targets: readonly tf.Tensor[],
): Promise<readonly [number, number]> {
  const ends = tf.tidy(() => {
    const all = tf.concat(targets.map((one) => one.toFloat().flatten()));
    return tf.stack([all.min(), all.max()]);
  });
  const [least, greatest] = await ends.data();
  ends.dispose();
  return [least, greatest];
}

/** A loss over a single output, or one of probabilities over what are none. */
function mismatchOfForm(
  { name, activation, shape }: OutputLoss,
): Mismatch | undefined {
  const isCategorical = name === "categoricalCrossentropy" ||
    name === "sparseCategoricalCrossentropy";
  if (shape.at(-1) === 1 && (isCategorical || activation === "softmax")) {
    return {
      detail: `${
        isCategorical ? name : "softmax"
      } over a single output is the same whatever the weights`,
      to:
        "binaryCrossentropy with a sigmoid for two classes, or an output for each class",
    };
  }
  if (activation === undefined) return undefined;
  const isUnbounded = !["softmax", "sigmoid", "hardSigmoid"]
    .includes(activation);
  if ((isCategorical || name === "binaryCrossentropy") && isUnbounded) {
    return {
      detail: `${name} takes probabilities and the outputs are ${activation}`,
      to: `a ${isCategorical ? "softmax" : "sigmoid"} as the last activation`,
    };
  }
  const [low = -Infinity] = REACHES[activation] ?? [];
  if (name === "poisson" && low < 0) {
    return {
      detail:
        `poisson takes the logarithm of the outputs, which are ${activation}`,
      to: "a softplus as the last activation",
    };
  }
}

/** Targets that a loss cannot take, or that the outputs cannot give. */
function mismatchOfTargets(
  { name, activation, shape }: OutputLoss,
  [least, greatest]: readonly [number, number],
): Mismatch | undefined {
  const shown = `${formatRate(least)} to ${formatRate(greatest)}`;
  const isOutside = (low: number, high: number) => {
    const slack = Number.isFinite(high - low)
      ? SLACK * (high - low)
      : ONE_SIDED_SLACK * (greatest - least);
    return least < low - slack || greatest > high + slack;
  };
  if (
    (name === "categoricalCrossentropy" || name === "binaryCrossentropy") &&
    isOutside(0, 1)
  ) {
    return {
      detail: `${name} takes targets from 0 to 1 and these are ${shown}`,
      to: name === "categoricalCrossentropy"
        ? "one-hot targets, or sparseCategoricalCrossentropy for class indices"
        : "targets of 0 and 1",
    };
  }
  if (name === "sparseCategoricalCrossentropy") {
    const units = shape.at(-1) ?? Infinity;
    return least < 0 || greatest > units - 1
      ? {
        detail: `there are ${units} outputs and the class indices are ${shown}`,
        to: "as many outputs as classes, counted from 0",
      }
      : undefined;
  }
  if ((name === "hinge" || name === "squaredHinge") && least >= 0) {
    return {
      detail: `${name} takes targets of -1 and 1 and these are ${shown}`,
      to: "-1 for 0 in the targets",
    };
  }
  const reach = REACHES[activation ?? ""];
  if (reach && OF_LIKENESS.has(name ?? "") && isOutside(...reach)) {
    const [low, high] = reach;
    return {
      detail: `${activation} gives ${low} ${
        high === Infinity ? "or more" : `to ${high}`
      } and the targets are ${shown}`,
      to: "a linear last activation, or targets scaled to its range",
    };
  }
}

/** Outputs, targets and loss that do not suit each other, and what would. */
export async function mismatchOf(
  outputs: readonly OutputLoss[],
  batches: readonly TensorTree[],
): Promise<Mismatch | undefined> {
  for (const [index, output] of outputs.entries()) {
    const targets = batches.flatMap((ys) =>
      targetOf(ys, { output: output.output, index }) ?? []
    );
    const mismatch = mismatchOfForm(output) ??
      (targets.length > 0
        ? mismatchOfTargets(output, await rangeOf(targets))
        : undefined);
    if (!mismatch) continue;
    const { detail, to } = mismatch;
    return outputs.length > 1
      ? { detail: `as of "${output.output}" ${detail}`, to }
      : { detail: `as ${detail}`, to };
  }
}
