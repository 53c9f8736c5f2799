import * as tf from "@tensorflow/tfjs";
import {
  disposeBatch,
  isTensorPair,
  mapTree,
  tensorsOf,
} from "./_tensor_tree.ts";
import type { TensorTree } from "./data.ts";
import { mean } from "../metrics/mean.ts";

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
   * would have: 1 for shuffled data, the batch size for data that are sorted.
   * Absent where there are too few batches to tell.
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
  /** The targets of the first batches. */
  readonly #targets: TensorTree[] = [];
  #kept = 0;
  #sum: tf.Tensor | undefined;
  #origin: tf.Tensor | undefined;
  #examples = 0;

  /** Looks at a batch of `{ xs, ys }`; others are left alone. */
  add(batch: unknown): void {
    if (!isTensorPair(batch) || this.#finite.length >= MOST) return;
    const { xs, ys } = batch;
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
      if (this.#squares.length >= ENOUGH) return;
      this.#keep(ys);
      const rows = rowsOf(ys);
      if (!rows) return;
      // From the first batch's mean: the squares of large targets cancel badly.
      this.#origin ??= tf.keep(rows.mean(0));
      if (rows.shape[1] !== this.#origin.shape[0]) return;
      const centered = rows.sub(this.#origin);
      const mean = centered.mean(0);
      this.#examples += rows.shape[0];
      this.#squares.push(tf.keep(tf.stack([
        mean.square().sum(),
        centered.square().sum().div(rows.shape[0]),
      ])));
      const sum = tf.keep(this.#sum ? this.#sum.add(mean) : mean.clone());
      this.#sum?.dispose();
      this.#sum = sum;
    });
  }

  #keep(ys: TensorTree): void {
    const size = tensorsOf(ys).reduce((sum, tensor) => sum + tensor.size, 0);
    if (this.#kept + size > MOST_KEPT) return;
    this.#kept += size;
    this.#targets.push(mapTree(ys, (tensor) => tf.keep(tensor.clone())));
  }

  /** The targets of some batches, which stay the survey's. */
  get targets(): readonly TensorTree[] {
    return this.#targets;
  }

  /** Examples in a batch, on average, where something is known of them. */
  get batchSize(): number | undefined {
    const { length } = this.#squares;
    return length > 0 ? this.#examples / length : undefined;
  }

  /** Reads what was gathered. */
  async facts(): Promise<DataFacts> {
    const finite = await readRows(this.#finite);
    const notFinite = finite.flatMap(([xs, ys], i) => [
      ...(Number.isFinite(xs) ? [] : [{ batch: i + 1, part: "xs" as const }]),
      ...(Number.isFinite(ys) ? [] : [{ batch: i + 1, part: "ys" as const }]),
    ]);
    const sizes = finite.map((row) => row[2]).filter(Number.isFinite);
    const seen = {
      batches: finite.length,
      notFinite,
      ...(sizes.length > 0 ? { inputSize: Math.sqrt(mean(sizes)) } : {}),
    };
    const squares = await readRows(this.#squares);
    const count = squares.length;
    if (count === 0) return seen;
    const [sum, origin] = await Promise.all([
      this.#sum!.data(),
      this.#origin!.data(),
    ]);
    const size = this.#examples / count;
    const means = Array.from(sum, (value) => value / count);
    const squareOfMean = means.reduce((total, value) => total + value ** 2, 0);
    const average = (k: 0 | 1) =>
      squares.reduce((total, row) => total + row[k], 0) / count;
    const between = Math.max(0, average(0) - squareOfMean) * count /
      Math.max(1, count - 1);
    const within = Math.max(0, average(1) - average(0)) * size /
      Math.max(1, size - 1);
    return {
      ...seen,
      ...(count >= LEAST && size >= 2 && between > 0
        ? { runs: size * between / Math.max(within, between / size) }
        : {}),
      targets: {
        mean: means.map((value, i) => value + origin[i]),
        variance: Math.max(0, average(1) - squareOfMean),
        batches: count,
      },
    };
  }

  [Symbol.dispose](): void {
    tf.dispose([...this.#finite, ...this.#squares]);
    disposeBatch([this.#targets, this.#sum, this.#origin]);
  }
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

/** The root mean square of target numbers. */
export function sizeOf(
  { mean: means, variance }: NonNullable<DataFacts["targets"]>,
): number {
  const squares = means.map((value) => value ** 2);
  return Math.sqrt(mean(squares) + variance / means.length);
}
