import * as tf from "@tensorflow/tfjs";
import {
  disposeBatch,
  isTensorPair,
  mapTree,
  tensorsOf,
  tensorsWithin,
} from "../data/tensor_tree.ts";
import type { TensorTree } from "../data/training_data.ts";
import { mean } from "../../metrics/mean.ts";

/** What the batches that a test saw look like. */
export interface DataFacts {
  /** Batches that were looked at. */
  readonly batches: number;
  /** Batches, from 1, with numbers in them that are not finite. */
  readonly notFinite: readonly {
    readonly batch: number;
    readonly part: "xs" | "ys";
  }[];
  /**
   * The variance of the batches' mean targets over what batches drawn at random
   * would have, each weighted by its examples (the F of an analysis of variance):
   * 1 for shuffled data, the batch size for data that are sorted. Absent where
   * there are too few batches to tell.
   */
  readonly runs?: number;
  /** The mean of each target number, and the variance of all of them together. */
  readonly targets?: {
    readonly mean: readonly number[];
    readonly variance: number;
    /** Batches that this is known of, the first ones. */
    readonly batches: number;
  };
  /** The root mean square of the inputs, of those that are largest. */
  readonly inputSize?: number;
  /** Batches whose inputs are all the same, as far as all that were looked at are. */
  readonly sameInputs?: number;
}

/** Batches that are enough to tell an order by. */
const ENOUGH = 40;

/** Batches that are looked at for numbers that are not finite. */
const MOST = 2000;

/** Fewer tell nothing. */
const LEAST = 6;

/** Target numbers of an example beyond which they are not looked at. */
const MOST_TARGETS = 4096;

/** Target numbers that are kept. */
const MOST_KEPT = 2 ** 20;

/**
 * Gathers what batches look like while a test trains on them. All of it stays on
 * the device until it is asked for: nothing waits.
 */
export class DataSurvey implements Disposable {
  /** Of each batch: whether xs and ys are finite, as 0 or NaN; the inputs' size. */
  readonly #finite: tf.Tensor[] = [];
  /** Of each batch's targets: mean squared, and mean of squares. */
  readonly #squares: tf.Tensor[] = [];
  /** The examples of each of these batches. */
  readonly #sizes: number[] = [];
  /** How far each batch's inputs are from the very first ones. */
  readonly #distances: tf.Tensor[] = [];
  #firstInputs: tf.Tensor[] | undefined;
  /** The targets of the first batches. */
  readonly #targets: TensorTree[] = [];
  #kept = 0;
  #sum: tf.Tensor | undefined;
  #origin: tf.Tensor | undefined;

  /** Looks at a batch of `{ xs, ys }`; others are left alone. */
  add(batch: unknown): void {
    if (!isTensorPair(batch) || this.#finite.length >= MOST) return;
    const { xs, ys } = batch;
    // A loop of one's own may take text.
    if (tensorsWithin(batch).some(({ dtype }) => dtype === "string")) return;
    tf.tidy(() => {
      const isFinite = (tree: TensorTree) =>
        tf.addN(
          tensorsOf(tree).map((tensor) => tensor.toFloat().mul(0).sum()),
        );
      const sizes = tensorsOf(xs).map((tensor) =>
        tensor.toFloat().square().mean()
      );
      this.#finite.push(tf.keep(
        tf.stack([isFinite(xs), isFinite(ys), tf.stack(sizes).max()]),
      ));
      if (this.#finite.length > ENOUGH) return;
      this.#compare(xs);
      this.#keep(ys);
      const rows = rowsOf(ys);
      if (!rows) return;
      // From the first batch's mean: the squares of large targets cancel badly.
      this.#origin ??= tf.keep(rows.mean(0));
      if (rows.shape[1] !== this.#origin.shape[0]) return;
      const centered = rows.sub(this.#origin);
      const mean = centered.mean(0);
      this.#sizes.push(rows.shape[0]);
      this.#squares.push(tf.keep(tf.stack([
        mean.square().sum(),
        centered.square().sum().div(rows.shape[0]),
      ])));
      const total = centered.sum(0);
      const sum = tf.keep(this.#sum ? this.#sum.add(total) : total);
      this.#sum?.dispose();
      this.#sum = sum;
    });
  }

  /** Compares inputs with the first example's. */
  #compare(xs: TensorTree): void {
    const inputs = tensorsOf(xs);
    if (inputs.some(({ rank }) => rank === 0)) return;
    const first = this.#firstInputs ??= inputs.map((one) =>
      tf.keep(one.slice(0, 1))
    );
    this.#distances.push(tf.keep(
      tf.stack(inputs.map((one, i) => {
        const [, ...size] = one.shape;
        const [, ...firstSize] = first[i]?.shape ?? [];
        return tf.util.arraysEqual(size, firstSize)
          ? one.toFloat().sub(first[i].toFloat()).abs().max()
          : tf.scalar(Infinity);
      })).max(),
    ));
  }

  #keep(ys: TensorTree): void {
    const size = tensorsOf(ys).reduce((sum, tensor) => sum + tensor.size, 0);
    this.#kept += size;
    // And none after it: they are those of the first batches.
    if (this.#kept > MOST_KEPT) return;
    this.#targets.push(mapTree(ys, (tensor) => tf.keep(tensor.clone())));
  }

  /** The targets of some batches, which stay the survey's. */
  get targets(): readonly TensorTree[] {
    return this.#targets;
  }

  /** Examples in a batch, on average, where something is known of them. */
  get batchSize(): number | undefined {
    return this.#sizes.length > 0 ? mean(this.#sizes) : undefined;
  }

  /** Reads what was gathered. */
  async facts(): Promise<DataFacts> {
    const finite = await readRows(this.#finite);
    const notFinite = finite.flatMap(([xs, ys], i) => [
      ...(Number.isFinite(xs) ? [] : [{ batch: i + 1, part: "xs" as const }]),
      ...(Number.isFinite(ys) ? [] : [{ batch: i + 1, part: "ys" as const }]),
    ]);
    const sizes = finite.map((row) => row[2]).filter(Number.isFinite);
    const distances = await readRows(this.#distances);
    const seen = {
      batches: finite.length,
      notFinite,
      ...(sizes.length > 0 ? { inputSize: Math.sqrt(mean(sizes)) } : {}),
      ...(distances.length > 0 && distances.flat().every((one) => one === 0)
        ? { sameInputs: distances.length }
        : {}),
    };
    const squares = await readRows(this.#squares);
    const count = squares.length;
    if (count === 0) return seen;
    const [sum, origin] = await Promise.all([
      this.#sum!.data(),
      this.#origin!.data(),
    ]);
    const examples = this.#sizes.reduce((total, size) => total + size, 0);
    const means = Array.from(sum, (value) => value / examples);
    const squareOfMean = means.reduce((total, value) => total + value ** 2, 0);
    /** Summed over all examples. */
    const total = (of: (row: number[]) => number) =>
      squares.reduce((sum, row, i) => sum + this.#sizes[i] * of(row), 0);
    const between = Math.max(0, total(([own]) => own - squareOfMean)) /
      Math.max(1, count - 1);
    const within = Math.max(0, total(([own, all]) => all - own)) /
      Math.max(1, examples - count);
    const size = examples / count;
    return {
      ...seen,
      ...(count >= LEAST && size >= 2 && between > 0
        ? { runs: between / Math.max(within, between / size ** 2) }
        : {}),
      targets: {
        mean: means.map((value, i) => value + origin[i]),
        variance: Math.max(
          0,
          total(([, all]) => all) / examples - squareOfMean,
        ),
        batches: count,
      },
    };
  }

  [Symbol.dispose](): void {
    tf.dispose([...this.#finite, ...this.#squares, ...this.#distances]);
    disposeBatch([this.#targets, this.#sum, this.#origin, this.#firstInputs]);
  }
}

/** Whether all examples of a set are the same. */
export async function areSame(examples: TensorTree): Promise<boolean> {
  const distance = tf.tidy(() =>
    tf.stack(
      tensorsOf(examples).map((one) =>
        one.toFloat().sub(one.slice(0, 1).toFloat()).abs().max()
      ),
    ).max()
  );
  const [value] = await distance.data();
  distance.dispose();
  return value === 0;
}

/** The targets of each example in a row; none where they are too many. */
function rowsOf(ys: TensorTree): tf.Tensor2D | undefined {
  const tensors = tensorsOf(ys);
  const examples = tensors[0].shape[0];
  if (!examples || tensors.some(({ shape }) => shape[0] !== examples)) return;
  const size = tensors.reduce((sum, tensor) => sum + tensor.size, 0);
  if (size / examples > MOST_TARGETS) return;
  return tf.concat(
    tensors.map((tensor) =>
      tensor.toFloat().reshape([examples, tensor.size / examples])
    ),
    1,
  );
}

async function readRows(rows: readonly tf.Tensor[]): Promise<number[][]> {
  if (rows.length === 0) return [];
  const stacked = tf.stack([...rows]);
  try {
    return await stacked.array() as number[][];
  } finally {
    stacked.dispose();
  }
}

/** The root mean square of the numbers of tensors, and the largest of them. */
export async function sizesOf(
  trees: readonly TensorTree[],
): Promise<{ readonly mean: number; readonly greatest: number }> {
  const sizes = tf.tidy(() => {
    const all = tf.concat(
      trees.flatMap(tensorsOf).map((one) => one.toFloat().flatten()),
    ).abs();
    return tf.stack([all.square().mean().sqrt(), all.max()]);
  });
  const [mean, greatest] = await sizes.data();
  sizes.dispose();
  return { mean, greatest };
}
