import * as tf from "@tensorflow/tfjs";
import { isRecord } from "../../runtime/records.ts";
import { describe } from "./describe.ts";

/** The weight of each class in the loss, by the class's index. */
export interface ClassWeight {
  /** The weight of the class of this index. */
  readonly [classIndex: number]: number;
}

/**
 * Class weights as `fit` takes them: of the only output, or of each output in
 * order or by name.
 */
export type ClassWeights =
  | ClassWeight
  | readonly (ClassWeight | null)[]
  | {
    /** Of the output of this name. */
    readonly [outputName: string]: ClassWeight;
  };

/**
 * The class weights of each output in order, null where it has none.
 *
 * @throws {TypeError} If they are none of the forms.
 * @throws {RangeError} If all weights of an output are 0.
 */
export function weightsOfOutputs(
  weights: ClassWeights,
  outputNames: readonly string[],
): (ClassWeight | null)[] {
  const isWeight = (value: unknown): value is ClassWeight | null =>
    value === null || isRecord(value) &&
      Object.entries(value).every(([index, weight]) =>
        /^\d+$/.test(index) && typeof weight === "number"
      );
  const named = isRecord(weights) ? Object.keys(weights) : [];
  const isNamed = named.some((name) => outputNames.includes(name));
  const each: readonly unknown[] = Array.isArray(weights)
    ? weights
    : isRecord(weights) && isNamed
    ? outputNames.map((name) => weights[name] ?? null)
    : [weights];
  if (
    each.length !== outputNames.length || !each.every(isWeight) ||
    isNamed && !named.every((name) => outputNames.includes(name))
  ) {
    throw new TypeError(
      `Cannot weigh classes as classWeight must be a record of class indices and weights${
        outputNames.length > 1 ? `, for each of ${outputNames.join(", ")}` : ""
      }: current value is ${describe(weights)}`,
    );
  }
  for (const one of each) {
    const all = Object.values(one ?? {});
    if (all.length === 0 || all.some((weight) => weight !== 0)) continue;
    throw new RangeError(
      `Cannot weigh classes as classWeight must weigh some class: current value is ${
        describe(weights)
      }`,
    );
  }
  return [...each];
}

/**
 * The weight of each example of each output, as `fit` computes them from the
 * targets; the caller disposes them.
 *
 * @throws {RangeError} If a class in the data has no weight.
 */
export async function exampleWeights(
  targets: readonly tf.Tensor[],
  weights: readonly (ClassWeight | null)[],
): Promise<(tf.Tensor | null)[]> {
  // Read first: a class without a weight must leave no tensor behind.
  const values = await Promise.all(targets.map(async (target, i) => {
    const weight = weights[i];
    if (weight === null) return null;
    const classes = await classesOf(target);
    return Float32Array.from(classes, (index) => {
      if (weight[index] !== undefined) return weight[index];
      throw new RangeError(
        `Cannot weigh classes as classWeight must have every class of the data: current value is ${
          describe(weight)
        } without ${index}`,
      );
    });
  }));
  return values.map((each) => each === null ? null : tf.tensor1d(each));
}

/** The classes of targets: indices, or one-hot rows. */
async function classesOf(target: tf.Tensor): Promise<ArrayLike<number>> {
  if (target.rank > 2) {
    throw new RangeError(
      `Cannot weigh classes as targets must be class indices or one-hot rows: current value is ${
        describe(target)
      }`,
    );
  }
  const isOneHot = target.rank === 2 && target.shape[1]! > 1;
  const classes = isOneHot ? target.argMax(1) : target.clone();
  try {
    return await classes.data();
  } finally {
    classes.dispose();
  }
}
