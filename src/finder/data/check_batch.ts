import * as tf from "@tensorflow/tfjs";
import type { BatchSource } from "./batch_source.ts";
import { describe } from "./describe.ts";
import {
  isTensorPair,
  isTensorTree,
  tensorsOf,
  tensorsWithin,
} from "./tensor_tree.ts";
import { isRecord } from "../../runtime/records.ts";
import type { TensorPair } from "./training_data.ts";
import { refuseSampleWeight } from "./sample_weight.ts";

/** What to do about data that are not `{ xs, ys }`, where that can be told. */
export function pairRemedy(data: unknown, isDataset: boolean): string {
  if (isDataset) return "; make the Dataset with tf.data.zip({ xs, ys })";
  if (Array.isArray(data) && data.length === 2) {
    return "; write { xs, ys } for [xs, ys]";
  }
  return isRecord(data) && "x" in data && "y" in data
    ? "; write { xs, ys } for { x, y }"
    : "";
}

/** What a trainer takes, as far as it can be told before. */
export interface BatchForm {
  /** Whether a batch must be inputs and targets, which are tensors. */
  readonly pairs: boolean;
  /** The names of a model's inputs and outputs. */
  readonly names?: { readonly [Part in "xs" | "ys"]: readonly string[] };
  /** The shape of the only input, its examples included. */
  readonly inputShape?: readonly (number | null)[];
}

/** Throws a TypeError unless a batch can be used. */
export function checkBatch(
  batch: unknown,
  source: BatchSource,
  { pairs, names, inputShape }: BatchForm,
): void {
  const { name, isDataset } = source;
  const fail = (must: string, value: unknown, remedy: string): never => {
    throw new TypeError(
      `Cannot use a batch as ${must}: current value is ${
        describe(value)
      }${remedy}`,
    );
  };
  if (pairs) {
    if (!isTensorPair(batch)) {
      return fail(
        `each of ${name} must be { xs, ys }`,
        batch,
        pairRemedy(batch, isDataset),
      );
    }
    refuseSampleWeight(batch, `each of ${name}`);
    for (const part of ["xs", "ys"] as const) {
      const tree: unknown = batch[part];
      if (!isTensorTree(tree)) {
        return fail(
          `${part} of each of ${name} must be a tensor, or an array or record of tensors`,
          tree,
          isDataset
            ? "; call .batch(batchSize) on the Dataset"
            : "; make tensors with tf.tensor",
        );
      }
      const text = tensorsOf(tree).find(({ dtype }) => dtype === "string");
      if (text) {
        fail(
          `${part} of each of ${name} must hold numbers`,
          text,
          part === "ys" ? "; give classes by their indices, or one-hot" : "",
        );
      }
      // Of an array that does not fit, tfjs would print the tensors; of a record
      // it takes what it needs.
      const isListed = tree instanceof tf.Tensor || Array.isArray(tree);
      const wanted = names?.[part];
      const lacks = wanted &&
        (isListed
          ? tensorsOf(tree).length !== wanted.length
          : wanted.some((one) => !Object.hasOwn(tree, one)));
      if (lacks) {
        fail(
          `${part} of each of ${name} must have a tensor for each of ${
            wanted.join(", ")
          }`,
          tree,
          isListed || wanted.length > 1
            ? ""
            : `; make one tensor of the columns before they are batched, as .map(({ xs, ys }) => ({ xs: Object.values(xs), ys: Object.values(ys) })) does`,
        );
      }
    }
  }
  if (tensorsWithin(batch).some((tensor) => tensor.isDisposed)) {
    fail(
      `its tensors must not be disposed (in ${name})`,
      batch,
      "; yield fresh tensors or clones each time, as a batch is disposed after its use",
    );
  }
  if (!pairs || inputShape === undefined) return;
  const { xs } = batch as TensorPair;
  const [examples] = inputShape;
  if (
    examples !== null && xs instanceof tf.Tensor && xs.rank > 0 &&
    xs.shape[0] !== examples
  ) {
    fail(
      `xs of each of ${name} must have the ${examples} examples that the model's batchInputShape says`,
      xs,
      `; set batchSize to ${examples}`,
    );
  }
  // tfjs itself makes [examples, 1] of [examples].
  const isSingle = xs instanceof tf.Tensor &&
    xs.rank === inputShape.length - 1 &&
    !(xs.rank === 1 && inputShape[1] === 1);
  if (isSingle) {
    fail(
      `xs of each of ${name} must have the shape [${
        ["examples", ...inputShape.slice(1)].join(", ")
      }]`,
      xs,
      isDataset ? "; call .batch(batchSize) on the Dataset" : "",
    );
  }
}
