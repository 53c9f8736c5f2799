import * as tf from "@tensorflow/tfjs";
import type { OutputLoss } from "../../tfjs/output_losses.ts";
import { formatRate } from "../../metrics/format_rate.ts";
import { logitLossOf } from "./_logit_losses.ts";
import { targetOf } from "./baseline.ts";
import type { TensorTree } from "../data/training_data.ts";

/** How far beyond what an activation gives targets may lie by intent. */
const SLACK = 0.05;

/** The same where it is bounded on one side, in the targets' own range. */
const ONE_SIDED_SLACK = 0.25;

/** The same of probabilities, of which none is outside but by rounding. */
const ROUNDING = 1e-3;

/** What tfjs takes for 0 where it divides by targets. */
const EPSILON = 1e-7;

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

/** Losses of probabilities, each of a row that sums to 1. */
const OF_DISTRIBUTIONS: ReadonlySet<string> = new Set([
  "categoricalCrossentropy",
  "kullbackLeiblerDivergence",
]);

/** What an output's targets are, as far as a loss may mind. */
interface TargetFacts {
  readonly least: number;
  readonly greatest: number;
  /** The least of their absolute values. */
  readonly smallest: number;
  /** How far the farthest is from a whole number. */
  readonly fraction: number;
  /** Of targets with a number for each class: how many examples have what sum. */
  readonly sums?: {
    readonly examples: number;
    /** Of examples of no class. */
    readonly zero: number;
    /** Of those of several. */
    readonly above: number;
  };
}

async function factsOf(targets: readonly tf.Tensor[]): Promise<TargetFacts> {
  const isOfClasses = targets.every(({ rank, shape }) =>
    rank === 2 && shape[1]! > 1 && shape[1] === targets[0].shape[1]
  );
  const facts = tf.tidy(() => {
    const all = tf.concat(targets.map((one) => one.toFloat().flatten()));
    const sums = isOfClasses
      ? tf.concat([...targets]).toFloat().sum(1)
      : tf.tensor1d([1]);
    return tf.stack([
      all.min(),
      all.max(),
      all.abs().min(),
      all.sub(all.round()).abs().max(),
      sums.abs().less(ROUNDING).toFloat().sum(),
      sums.greater(1 + SLACK).toFloat().sum(),
    ]);
  });
  const [least, greatest, smallest, fraction, zero, above] = await facts.data();
  facts.dispose();
  const examples = targets.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return {
    least,
    greatest,
    smallest,
    fraction,
    ...(isOfClasses ? { sums: { examples, zero, above } } : {}),
  };
}

/** Activations that give probabilities. */
const OF_PROBABILITIES: readonly string[] = [
  "softmax",
  "sigmoid",
  "hardSigmoid",
];

/** What is taken for a network's own numbers and is between 0 and 1 already. */
async function mismatchOfLogits(
  output: OutputLoss,
): Promise<Mismatch | undefined> {
  const { activation = "", ofActivation = "" } = output;
  if (!OF_PROBABILITIES.includes(activation)) return undefined;
  if (OF_PROBABILITIES.includes(ofActivation)) {
    return {
      detail: `the last ${activation} is taken of what a ${ofActivation} gives`,
      to: "one of the two alone",
    };
  }
  const loss = await logitLossOf(output);
  if (!loss) return undefined;
  const name = `tf.losses.${loss.name}`;
  const isItself = output.of === tf.losses[loss.name] ||
    output.of === loss.first;
  return {
    detail: `${
      isItself ? `${name} takes logits` : `the loss is ${name}, of logits,`
    } and the outputs are ${activation}`,
    to: `the loss "${loss.to}", or a linear last activation`,
  };
}

/** A loss over a single output, or one of probabilities over what are none. */
async function mismatchOfForm(
  output: OutputLoss,
): Promise<Mismatch | undefined> {
  const { name, activation, shape } = output;
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
  const ofLogits = await mismatchOfLogits(output);
  if (ofLogits) return ofLogits;
  const isUnbounded = !OF_PROBABILITIES.includes(activation);
  if ((isCategorical || name === "binaryCrossentropy") && isUnbounded) {
    return {
      detail: `${name} takes probabilities and the outputs are ${activation}`,
      to: `a ${isCategorical ? "softmax" : "sigmoid"} as the last activation`,
    };
  }
  if (name === "kullbackLeiblerDivergence" && activation !== "softmax") {
    return {
      detail:
        `${name} takes probabilities that sum to 1 and the outputs are ${activation}`,
      to: "a softmax as the last activation",
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

/** Classes that are not one of each example. */
function mismatchOfClasses(
  name: string,
  { examples, zero, above }: NonNullable<TargetFacts["sums"]>,
): Mismatch | undefined {
  if (above > 0) {
    return {
      detail:
        `${name} takes targets that sum to 1 and those of ${above} of ${examples} examples sum to more`,
      to:
        "binaryCrossentropy with a sigmoid, where an example may be of several classes",
    };
  }
  // With none at all they may be there for their form alone.
  if (zero > 0 && zero < examples) {
    return {
      detail:
        `${name} takes a class for each example and the targets of ${zero} of ${examples} are all 0`,
      to: "as many outputs as classes, counted from 0",
    };
  }
}

/** Targets that a loss cannot take, or that the outputs cannot give. */
function mismatchOfTargets(
  { name = "", activation, shape }: OutputLoss,
  { least, greatest, smallest, fraction, sums }: TargetFacts,
): Mismatch | undefined {
  const shown = `${formatRate(least)} to ${formatRate(greatest)}`;
  const isOutside = (low: number, high: number) => {
    const slack = Number.isFinite(high - low)
      ? SLACK * (high - low)
      : ONE_SIDED_SLACK * (greatest - least);
    return least < low - slack || greatest > high + slack;
  };
  const isOfDistributions = OF_DISTRIBUTIONS.has(name);
  if (
    (isOfDistributions || name === "binaryCrossentropy") &&
    (least < -ROUNDING || greatest > 1 + ROUNDING)
  ) {
    return {
      detail: `${name} takes targets from 0 to 1 and these are ${shown}`,
      to: name === "categoricalCrossentropy"
        ? "one-hot targets, or sparseCategoricalCrossentropy for class indices"
        : isOfDistributions
        ? "probabilities as targets"
        : "targets of 0 and 1",
    };
  }
  if (isOfDistributions && sums) {
    const mismatch = mismatchOfClasses(name, sums);
    if (mismatch) return mismatch;
  }
  if (name === "sparseCategoricalCrossentropy") {
    const units = shape.at(-1) ?? Infinity;
    if (least < 0 || greatest > units - 1) {
      return {
        detail: `there are ${units} outputs and the class indices are ${shown}`,
        to: "as many outputs as classes, counted from 0",
      };
    }
    return fraction > ROUNDING
      ? {
        detail:
          `${name} takes class indices and the targets, of ${shown}, are no whole numbers`,
        to: "the classes' indices, counted from 0",
      }
      : undefined;
  }
  if (
    (name === "poisson" || name === "meanSquaredLogarithmicError") &&
    least < 0
  ) {
    return {
      detail: `${name} takes targets of 0 or more and these are ${shown}`,
      to: "meanSquaredError",
    };
  }
  if (name === "meanAbsolutePercentageError" && smallest < EPSILON) {
    return {
      detail: `${name} divides by the targets, and some are 0`,
      to: "meanAbsoluteError",
    };
  }
  if ((name === "hinge" || name === "squaredHinge") && least >= 0) {
    return {
      detail: `${name} takes targets of -1 and 1 and these are ${shown}`,
      to: "-1 for 0 in the targets",
    };
  }
  const reach = REACHES[activation ?? ""];
  if (reach && OF_LIKENESS.has(name) && isOutside(...reach)) {
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
    const mismatch = await mismatchOfForm(output) ??
      (targets.length > 0
        ? mismatchOfTargets(output, await factsOf(targets))
        : undefined);
    if (!mismatch) continue;
    const { detail, to } = mismatch;
    return outputs.length > 1
      ? { detail: `as of "${output.output}" ${detail}`, to }
      : { detail: `as ${detail}`, to };
  }
}
