import * as tf from "@tensorflow/tfjs";
import type { LayersModel } from "../tfjs/types.ts";
import type { DataFacts } from "./data_survey.ts";
import { formatRate } from "../metrics/format_rate.ts";

type Targets = NonNullable<DataFacts["targets"]>;

/** The loss of a model by its name, where it has one output and a usual loss. */
function lossName(model: LayersModel): string | undefined {
  const { loss } = model as { loss?: unknown };
  const only = Array.isArray(loss) && loss.length === 1 ? loss[0] : loss;
  if (model.outputs?.length !== 1 || typeof only !== "string") return undefined;
  return only;
}

/** The activation that a model's only output comes from, where that is plain. */
function outputActivation(model: LayersModel): string | undefined {
  const layer = model.outputs[0].sourceLayer;
  if (layer?.getClassName() === "Softmax") return "softmax";
  const { activation } = layer?.getConfig() ?? {};
  return typeof activation === "string" ? activation : undefined;
}

const plogp = (p: number) => p > 0 ? -p * Math.log(p) : 0;

/**
 * The loss of always predicting the mean target, of a model with one output and a
 * loss of these: what a network reaches that learns nothing of its inputs.
 * The model's penalties on its weights come to that.
 */
export function expectedLoss(
  model: LayersModel,
  targets: Targets,
): number | undefined {
  const { mean, variance } = targets;
  const sum = (values: readonly number[]) =>
    values.reduce((total, value) => total + value, 0);
  switch (lossName(model)) {
    case "meanSquaredError":
    case "mse":
      return variance / mean.length;
    case "categoricalCrossentropy":
      return mean.length > 1 ? sum(mean.map(plogp)) : undefined;
    case "binaryCrossentropy":
      return sum(mean.map((p) => plogp(p) + plogp(1 - p))) / mean.length;
  }
}

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

/** How far beyond what an activation gives targets may lie by intent. */
const SLACK = 0.05;

/** Outputs, targets and loss that do not suit each other, and what would. */
export function mismatchOf(
  model: LayersModel,
  range: { readonly least: number; readonly greatest: number } | undefined,
): { detail: string; to: string } | undefined {
  const loss = lossName(model);
  if (loss === undefined) return undefined;
  const activation = outputActivation(model);
  const units = model.outputs[0].shape.at(-1);
  const isCategorical = loss === "categoricalCrossentropy" ||
    loss === "sparseCategoricalCrossentropy";
  if (units === 1 && (isCategorical || activation === "softmax")) {
    return {
      detail: `as ${
        isCategorical ? loss : "softmax"
      } over a single output is the same whatever the weights`,
      to:
        "binaryCrossentropy with a sigmoid for two classes, or an output for each class",
    };
  }
  if (activation !== undefined) {
    const isUnbounded = !["softmax", "sigmoid", "hardSigmoid"]
      .includes(activation);
    if ((isCategorical || loss === "binaryCrossentropy") && isUnbounded) {
      return {
        detail:
          `as ${loss} takes probabilities and the outputs are ${activation}`,
        to: `a ${isCategorical ? "softmax" : "sigmoid"} as the last activation`,
      };
    }
  }
  if (!range) return undefined;
  const { least, greatest } = range;
  const shown = `${formatRate(least)} to ${formatRate(greatest)}`;
  const isOutside = (low: number, high: number) =>
    least < low - SLACK * (high - low) ||
    greatest > high + SLACK * (high - low);
  if (
    (loss === "categoricalCrossentropy" || loss === "binaryCrossentropy") &&
    isOutside(0, 1)
  ) {
    return {
      detail: `as ${loss} takes targets from 0 to 1 and these are ${shown}`,
      to: loss === "categoricalCrossentropy"
        ? "one-hot targets, or sparseCategoricalCrossentropy for class indices"
        : "targets of 0 and 1",
    };
  }
  if (
    loss === "sparseCategoricalCrossentropy" &&
    (least < 0 || greatest > (units ?? Infinity) - 1)
  ) {
    return {
      detail:
        `as there are ${units} outputs and the class indices are ${shown}`,
      to: "as many outputs as classes, counted from 0",
    };
  }
  const bounds: { readonly [activation: string]: readonly [number, number] } = {
    sigmoid: [0, 1],
    hardSigmoid: [0, 1],
    softmax: [0, 1],
    tanh: [-1, 1],
  };
  const reach = activation === undefined ? undefined : bounds[activation];
  if (reach && isOutside(...reach)) {
    return {
      detail: `as ${activation} gives ${reach[0]} to ${
        reach[1]
      } and the targets are ${shown}`,
      to: "a linear last activation, or targets scaled to its range",
    };
  }
}
