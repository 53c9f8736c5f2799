import * as tf from "@tensorflow/tfjs";
import type { OutputLoss } from "../../tfjs/output_losses.ts";

/** Losses whose best constant is the mean target. */
const OF_THE_MEAN: ReadonlySet<string> = new Set([
  "poisson",
  "meanSquaredError",
  "categoricalCrossentropy",
  "binaryCrossentropy",
  "kullbackLeiblerDivergence",
]);

/** The mean of examples, by their weights where they have some. */
function meanOf(rows: tf.Tensor, weights?: tf.Tensor): tf.Tensor {
  if (!weights) return rows.mean(0);
  const each = weights.reshape([-1, ...rows.shape.slice(1).map(() => 1)]);
  return rows.mul(each).sum(0).div(weights.sum());
}

/** Which class each index is, in the form of the outputs. */
function oneHot(targets: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const classes = shape.at(-1)!;
  return tf.oneHot(targets.toFloat().floor().toInt().flatten(), classes)
    .toFloat().reshape([targets.shape[0]!, ...shape]);
}

/** Shares of the examples at which the best constant of a loss may lie. */
const QUANTILES = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

/** What so large a share of each number of an example is above. */
function quantiles(rows: tf.Tensor, shares: readonly number[]): tf.Tensor[] {
  const [examples] = rows.shape;
  const columns = rows.reshape([examples, -1]).transpose();
  const places = shares.map((share) =>
    Math.min(examples - 1, Math.floor(share * examples))
  );
  const { values } = tf.topk(columns, Math.max(...places) + 1);
  return places.map((place) =>
    values.slice([0, place], [-1, 1]).reshape(rows.shape.slice(1))
  );
}

/** Constants of which one is the best for a loss, or near it. */
export function constants(
  targets: readonly tf.Tensor[],
  { name, shape }: OutputLoss,
  weights: tf.Tensor | undefined,
): tf.Tensor[] {
  const own = shape.slice(1) as number[];
  const size = own.reduce((product, length) => product * length, 1);
  const all = tf.concat(targets.map((one) => one.flatten().toFloat()));
  const examples = targets.reduce((sum, one) => sum + one.shape[0]!, 0);
  if (name === "sparseCategoricalCrossentropy") {
    return [meanOf(oneHot(all.reshape([examples, -1]), own), weights)];
  }
  if (all.size !== examples * size) return [];
  const rows = all.reshape([examples, ...own]);
  const mean = meanOf(rows, weights);
  if (name !== undefined && OF_THE_MEAN.has(name)) return [mean];
  if (weights) return [];
  if (name === "cosineProximity") {
    const lengths = rows.square().sum(-1, true).sqrt().maximum(1e-12);
    return [rows.div(lengths).mean(0)];
  }
  if (name === "meanAbsolutePercentageError") return quantiles(rows, QUANTILES);
  // A function may take logits.
  const inside = mean.clipByValue(1e-6, 1 - 1e-6);
  const logits = name === undefined
    ? [inside.log(), inside.log().sub(tf.sub(1, inside).log())]
    : [];
  return [mean, ...quantiles(rows, [0.5]), ...logits];
}
