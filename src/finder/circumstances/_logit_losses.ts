import * as tf from "@tensorflow/tfjs";
import type { OutputLoss } from "../../tfjs/output_losses.ts";

/** A loss of tfjs that applies an activation itself, and one that does not. */
interface LogitLoss {
  readonly name: "softmaxCrossEntropy" | "sigmoidCrossEntropy";
  /** As it is before a backend brings its own. */
  readonly first: OutputLoss["of"];
  readonly to: string;
}

const LOGIT_LOSSES: readonly LogitLoss[] = [
  {
    name: "softmaxCrossEntropy",
    first: tf.losses.softmaxCrossEntropy,
    to: "categoricalCrossentropy",
  },
  {
    name: "sigmoidCrossEntropy",
    first: tf.losses.sigmoidCrossEntropy,
    to: "binaryCrossentropy",
  },
];

/** Output numbers of an example beyond which a function is not tried out. */
const MOST_OUTPUTS = 4096;

/** Examples that it is tried out on. */
const EXAMPLES = 2;

/** By what share two computations of the same loss differ for rounding. */
const ROUNDING = 1e-4;

/** Which of them a loss is, by itself or by what it comes to. */
export async function logitLossOf(
  output: OutputLoss,
): Promise<LogitLoss | undefined> {
  const { of, name } = output;
  const own = LOGIT_LOSSES.find(({ name, first }) =>
    of === tf.losses[name] || of === first
  );
  if (own || name !== undefined) return own;
  for (const loss of LOGIT_LOSSES) {
    if (await areAlike(output, loss)) return loss;
  }
}

/** Whether a function comes to the same as one of tfjs on a few examples. */
async function areAlike(
  { of, shape }: OutputLoss,
  { name }: LogitLoss,
): Promise<boolean> {
  const sizes = shape.slice(1);
  const size = sizes.reduce<number>((all, one) => all * (one ?? Infinity), 1);
  if (size > MOST_OUTPUTS) return false;
  const units = sizes.at(-1) ?? 1;
  const count = EXAMPLES * size;
  const losses = tf.tidy(() => {
    const form = [EXAMPLES, ...sizes as number[]];
    const outputs = tf.range(0, count).mul(0.37).mod(0.8).add(0.1)
      .reshape(form);
    // One class of each example, and now and then none of a single one.
    const classes = tf.range(0, count).mod(units + 1).equal(0).toFloat()
      .reshape(form);
    try {
      return tf.stack([
        of(classes, outputs).mean(),
        (tf.losses[name](classes, outputs) as tf.Tensor).mean(),
      ]);
    } catch {
      // It takes targets of another form, and so is another.
      return undefined;
    }
  });
  if (!losses) return false;
  const [own, other] = await losses.data();
  losses.dispose();
  return Math.abs(own - other) <= ROUNDING * Math.abs(other);
}
