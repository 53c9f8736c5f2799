import * as tf from "@tensorflow/tfjs";
import type { Random } from "../../../../src/runtime/random.ts";

/** A standard normal number. */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) *
    Math.cos(2 * Math.PI * random());
}

/** `rows` rows of `columns` standard normal numbers. */
export function normalRows(
  random: Random,
  rows: number,
  columns: number,
): number[][] {
  return Array.from(
    { length: rows },
    () => Array.from({ length: columns }, () => normal(random)),
  );
}

/** The first three quarters of examples to train on, the rest to validate. */
export function split<T>(all: readonly T[]): [train: T[], validation: T[]] {
  const at = Math.round(0.75 * all.length);
  return [all.slice(0, at), all.slice(at)];
}

/** Inputs and targets of examples, in tensors, split for training. */
export function examples<Input, Target>(
  all: readonly { readonly x: Input; readonly y: Target }[],
  tensors: {
    readonly x?: (values: Input[]) => tf.Tensor;
    readonly y?: (values: Target[]) => tf.Tensor;
  } = {},
): {
  train: { xs: tf.Tensor; ys: tf.Tensor };
  validation: { xs: tf.Tensor; ys: tf.Tensor };
} {
  const {
    x = (values) => tf.tensor(values as tf.TensorLike),
    y = (values) => tf.tensor(values as tf.TensorLike),
  } = tensors;
  const [train, validation] = split(all).map((part) => ({
    xs: x(part.map((example) => example.x)),
    ys: y(part.map((example) => example.y)),
  }));
  return { train, validation };
}

/** One-hot rows. */
export function oneHot(classes: number): (values: number[]) => tf.Tensor {
  return (values) =>
    tf.tidy(() => tf.oneHot(tf.tensor1d(values, "int32"), classes).toFloat());
}

/** Columns of one number. */
export function column(values: number[]): tf.Tensor {
  return tf.tensor2d(values, [values.length, 1]);
}

/** Shuffles a copy. */
export function shuffled<T>(values: readonly T[], random: Random): T[] {
  const copy = [...values];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}

/** `Array.from` by index. */
export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
