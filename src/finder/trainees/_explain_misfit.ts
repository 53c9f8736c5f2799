import * as tf from "@tensorflow/tfjs";
import { errorMessage } from "../../runtime/error_message.ts";
import { type OutputLoss, outputLosses } from "../../tfjs/output_losses.ts";
import type { LayersModel } from "../../tfjs/types.ts";
import type { TensorPair, TensorTree } from "../data/training_data.ts";
import { describe } from "../data/describe.ts";

type Shape = readonly (number | null)[];

/** What a model wants of one of its inputs or targets. */
interface Wanted {
  readonly name: string;
  readonly shape: Shape;
  /** What to do about a tensor of another shape, where that can be told. */
  readonly remedy?: (tensor: tf.Tensor) => string;
}

/** Class indices take the place of the classes. */
const SPARSE = "sparseCategoricalCrossentropy";

function labelRemedy({ name, shape }: OutputLoss, tensor: tf.Tensor): string {
  const classes = shape.at(-1);
  const last = tensor.rank < shape.length ? 1 : tensor.shape.at(-1);
  if (name === "categoricalCrossentropy" && last === 1) {
    return `; for class indices compile with the loss "${SPARSE}", or make them one-hot: tf.oneHot(labels.toInt(), ${classes})`;
  }
  if (name === SPARSE && last === classes) {
    return `; for one-hot targets compile with the loss "categoricalCrossentropy", or give indices: ys.argMax(-1).toFloat()`;
  }
  return "";
}

function wantedTargets(model: LayersModel): Wanted[] {
  return outputLosses(model).map((loss) => ({
    name: loss.output,
    shape: loss.name === SPARSE ? [...loss.shape.slice(0, -1), 1] : loss.shape,
    remedy: (tensor) => labelRemedy(loss, tensor),
  }));
}

/** Whether tfjs takes a tensor of `given` for `wanted`: it makes [n, 1] of [n]. */
function fits(given: readonly number[], wanted: Shape): boolean {
  const full = given.length === 1 ? [...given, 1] : given;
  return full.length === wanted.length &&
    full.every((size, i) =>
      i === 0 || wanted[i] === null || size === wanted[i]
    );
}

function tensorFor(tree: TensorTree, name: string, index: number) {
  if (tree instanceof tf.Tensor) return tree;
  return Array.isArray(tree)
    ? tree[index]
    : (tree as { readonly [name: string]: tf.Tensor | undefined })[name];
}

/**
 * What of a batch does not fit the model, in place of what tfjs said of it: the
 * tensor, the shape that is wanted, and what to do about labels of another kind
 * than the loss takes.
 */
export function explainMisfit(
  model: LayersModel,
  { xs, ys }: TensorPair,
  error: unknown,
): TypeError {
  const inputs = model.inputs.map(({ shape }, i) => ({
    name: model.inputNames[i],
    shape,
  }));
  const parts: [string, TensorTree, readonly Wanted[]][] = [
    ["xs", xs, inputs],
    ["ys", ys, wantedTargets(model)],
  ];
  for (const [part, tree, wanted] of parts) {
    for (const [i, { name, shape, remedy }] of wanted.entries()) {
      const tensor = tensorFor(tree, name, i);
      if (tensor !== undefined && fits(tensor.shape, shape)) continue;
      const place = wanted.length === 1 ? part : `${part} of "${name}"`;
      const sizes = [
        "examples",
        ...shape.slice(1).map((size) => size ?? "any"),
      ];
      return new TypeError(
        `Cannot use a batch as ${place} must have the model's shape [${
          sizes.join(", ")
        }]: current value is ${describe(tensor)}${
          tensor ? remedy?.(tensor) ?? "" : ""
        }`,
        { cause: error },
      );
    }
  }
  return new TypeError(
    `Cannot use a batch as it must fit the model: ${errorMessage(error)}`,
    { cause: error },
  );
}

/**
 * Throws a TypeError where class indices are whole numbers to tfjs, too: its loss
 * takes floats alone.
 */
export function checkLabels(model: LayersModel, { ys }: TensorPair): void {
  const outputs = outputLosses(model);
  for (const [i, { name, output }] of outputs.entries()) {
    const tensor = name === SPARSE ? tensorFor(ys, output, i) : undefined;
    if (!tensor || tensor.dtype === "float32") continue;
    const place = outputs.length === 1 ? "ys" : `ys of "${output}"`;
    throw new TypeError(
      `Cannot use a batch as ${place} must be float32 for the loss "${SPARSE}": current value is ${
        describe(tensor)
      }; convert them with ys.toFloat()`,
    );
  }
}
