import * as tf from "@tensorflow/tfjs";
import type { OutputLoss } from "../tfjs/output_losses.ts";
import { mean } from "../metrics/mean.ts";
import { tensorsOf } from "./_tensor_tree.ts";
import type { TensorTree } from "./data.ts";

/**
 * Losses that are not 0 where nothing is missed, or that no constant says much
 * of: how far below a constant's they are is no share of it.
 */
const WITHOUT_BASELINE: ReadonlySet<string> = new Set([
  "poisson",
  "cosineProximity",
  "meanAbsolutePercentageError",
]);

/** Losses whose best constant is the mean target. */
const OF_THE_MEAN: ReadonlySet<string> = new Set([
  "meanSquaredError",
  "categoricalCrossentropy",
  "binaryCrossentropy",
  "kullbackLeiblerDivergence",
]);

/** The tensor of one output among a batch's targets. */
export function targetOf(
  targets: TensorTree,
  { output, index }: { readonly output: string; readonly index: number },
): tf.Tensor | undefined {
  return targets instanceof tf.Tensor || Array.isArray(targets)
    ? tensorsOf(targets)[index]
    : (targets as { readonly [name: string]: tf.Tensor })[output];
}

/** Each class's share of indices, in the form of the outputs. */
function frequencies(
  targets: tf.Tensor,
  shape: readonly number[],
): tf.Tensor {
  const classes = shape.at(-1)!;
  return tf.oneHot(targets.toFloat().floor().toInt().flatten(), classes)
    .toFloat().reshape([targets.shape[0]!, ...shape]).mean(0);
}

/** The median of each number of an example. */
function medians(rows: tf.Tensor): tf.Tensor {
  const [examples] = rows.shape;
  const half = Math.floor(examples / 2) + 1;
  const columns = rows.reshape([examples, -1]).transpose();
  const { values } = tf.topk(columns, half);
  return values.slice([0, half - 1], [-1, 1]).reshape(rows.shape.slice(1));
}

/** Constants of which one is the best for a loss, or near it. */
function constants(
  targets: readonly tf.Tensor[],
  { name, shape }: OutputLoss,
): tf.Tensor[] {
  const own = shape.slice(1) as number[];
  const size = own.reduce((product, length) => product * length, 1);
  const all = tf.concat(targets.map((one) => one.flatten().toFloat()));
  const examples = targets.reduce((sum, one) => sum + one.shape[0]!, 0);
  if (name === "sparseCategoricalCrossentropy") {
    return [frequencies(all.reshape([examples, -1]), own)];
  }
  if (all.size !== examples * size) return [];
  const rows = all.reshape([examples, ...own]);
  const mean = rows.mean(0);
  if (name !== undefined && OF_THE_MEAN.has(name)) return [mean];
  // A function may take logits.
  const inside = mean.clipByValue(1e-6, 1 - 1e-6);
  const logits = name === undefined
    ? [inside.log(), inside.log().sub(tf.sub(1, inside).log())]
    : [];
  return [mean, medians(rows), ...logits];
}

/** The mean loss of each batch where every example has the same outputs. */
function lossesOf(
  constant: tf.Tensor,
  { of }: OutputLoss,
  batches: readonly tf.Tensor[],
): tf.Tensor1D {
  return tf.stack(batches.map((targets) => {
    const [examples] = targets.shape;
    const outputs = constant.expandDims(0).tile([
      examples!,
      ...constant.shape.map(() => 1),
    ]);
    // As a model does with targets of one number.
    const shaped = targets.rank === 1 && outputs.rank === 2
      ? targets.expandDims(1)
      : targets;
    return of(shaped, outputs).mean();
  })) as tf.Tensor1D;
}

/** What a model comes to that learns nothing from its inputs. */
export interface Baseline {
  /** The mean loss. */
  readonly loss: number;
  /** The losses of the batches that were asked for. */
  readonly losses: readonly number[];
}

/**
 * The loss of always predicting the same, whatever the inputs, at its best: what
 * a network reaches that learns nothing from them. It is the sum over the outputs,
 * as a model's loss is, and without penalties on weights. Undefined where it says
 * nothing.
 *
 * @param batches The targets of some batches, which the best is found for.
 * @param others The targets of other batches, whose losses are to be known.
 */
export async function baselineLoss(
  outputs: readonly OutputLoss[],
  batches: readonly TensorTree[],
  others: readonly TensorTree[] = [],
): Promise<Baseline | undefined> {
  if (outputs.length === 0 || batches.length === 0) return undefined;
  const all = [...batches, ...others];
  const candidates = tf.tidy(() =>
    outputs.map((output, index) => {
      if (WITHOUT_BASELINE.has(output.name ?? "")) return [];
      if (output.shape.slice(1).some((length) => length === null)) return [];
      const targets = all.map((ys) =>
        targetOf(ys, { output: output.output, index })
      );
      if (!targets.every((one) => one !== undefined)) return [];
      return constants(targets.slice(0, batches.length), output)
        .map((constant) => lossesOf(constant, output, targets));
    })
  );
  const best = await Promise.all(candidates.map(async (tensors) => {
    const losses = await Promise.all(
      tensors.map(async (one) => Array.from(await one.data())),
    );
    const level = (one: readonly number[]) =>
      mean(one.slice(0, batches.length));
    return losses.filter((one) => one.every(Number.isFinite))
      .sort((a, b) => level(a) - level(b)).at(0);
  }));
  tf.dispose(candidates);
  if (!best.every((one) => one !== undefined)) return undefined;
  const total = all.map((_, i) =>
    best.reduce((sum, losses) => sum + losses[i], 0)
  );
  const loss = mean(total.slice(0, batches.length));
  // Of a loss that may be negative there is no share to speak of.
  return loss > 0 ? { loss, losses: total.slice(batches.length) } : undefined;
}
