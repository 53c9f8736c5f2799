import { show } from "../../runtime/check_data.ts";
import type { Tensor } from "../../tfjs/types.ts";

/**
 * What was recorded, in columns of equal length; row k is the k-th record. A
 * column that a record has no value for holds NaN there.
 */
export interface Columns {
  /** One column by its name. */
  readonly [column: string]: readonly number[];
}

/**
 * One row per trained batch, or with a `historyLimit` for several: `iterations` (batches trained so far, this one
 * included, so it starts at 1), `lr` (the rate this batch was trained at), and
 * one column for each quantity logged (`loss`, `acc`, …).
 */
export interface History extends Columns {
  /** Batches trained so far, this one included. */
  readonly iterations: readonly number[];
  /** The learning rate this batch was trained at. */
  readonly lr: readonly number[];
}

/**
 * One row per epoch of `fit` or `fitDataset`: `epochs` (epochs ended so far),
 * `iterations` (batches trained by its end), `lr` (the rate of its last batch),
 * and the epoch's own logs (`loss`,
 * `acc`, `val_loss`, `val_acc`, …).
 */
export interface EpochHistory extends Columns {
  /** Epochs ended so far, this one included. */
  readonly epochs: readonly number[];
  /** Batches trained by the end of the epoch. */
  readonly iterations: readonly number[];
  /** The learning rate that the epoch's last batch was trained at. */
  readonly lr: readonly number[];
}

/** Quantities that belong to a batch or an epoch, as numbers or tfjs scalars. */
export interface Logs {
  /** One quantity by its name. */
  readonly [name: string]: number | Tensor | undefined;
}

/**
 * How much of a run is remembered.
 *
 * @example A run of a hundred thousand batches in less than a thousand rows
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { CyclicLR } from "@clr/clr";
 *
 * const clr = new CyclicLR({ stepSize: 500, historyLimit: 1000 });
 * clr.attach(tf.train.sgd(0.001));
 * for (let t = 0; t < 100_000; t++) clr.step({ loss: 1 / (t + 1) });
 * console.log(clr.history.iterations.length); // 752
 * console.log(clr.history.iterations.at(-1)); // 100000
 * ```
 */
export interface HistoryOptions {
  /**
   * The most rows that {@linkcode History} has, 16 at least. When there are as
   * many, batches that follow each other become one row: so many, a power of two,
   * that at most half the rows remain. Its `iterations` and `lr` are those of its
   * last batch and everything else is the mean of its batches, so that a mean
   * over the history, each row weighted by the iterations since the row before,
   * is that of all batches. The latest batches have rows of their own.
   *
   * Ten thousand rows of five columns take 0.4 MB of memory and about 0.8 MB of
   * JSON. The rows of epochs are not thinned.
   *
   * @default {no limit}
   */
  historyLimit?: number;
}

/** Throws unless a history can have so many rows at most. */
export function checkHistoryLimit(limit: number | undefined): void {
  if (limit === undefined || Number.isSafeInteger(limit) && limit >= 16) return;
  throw new RangeError(
    `Cannot record a history as historyLimit must be a whole number >= 16: current value is ${
      show(limit)
    }`,
  );
}
