import type { Tensor } from "../../tfjs/types.ts";

/**
 * The tensors of the inputs or of the targets: one, an array in the order of
 * the model's inputs or outputs, or a record by their names.
 */
export type TensorTree = Tensor | readonly Tensor[] | {
  /** The tensor of one input or output, by its name. */
  readonly [name: string]: Tensor;
};

/** Inputs and targets: of one batch, or of a whole set of examples. */
export interface TensorPair {
  /** The inputs; the first dimension counts examples. */
  readonly xs: TensorTree;
  /** The targets, as many as there are inputs. */
  readonly ys: TensorTree;
}

/** A `tf.data.Dataset` of batches, such as `tf.data.zip({ xs, ys }).batch(32)`. */
export interface BatchDataset<Batch = TensorPair> {
  /** Starts over. */
  iterator(): Promise<{
    /** The next batch. */
    next(): Promise<{ value: Batch; done?: boolean }>;
  }>;
}

/**
 * Data to train on, in any of three forms:
 *
 * - `{ xs, ys }`: a set of examples in tensors. Batches of `batchSize` are drawn
 *   from it in random order.
 * - A `tf.data.Dataset` that yields batches `{ xs, ys }`.
 * - A function that returns a fresh iterable (or async iterable) of batches each
 *   time, or once a `tf.data.Dataset` of them.
 *
 * Data that end before the test does start over. A batch is disposed after it
 * was used, as `fitDataset` does, unless it comes from an array of batches.
 *
 * Batches must be drawn at random from all of the data. Of `{ xs, ys }` they are;
 * a Dataset or a function must see to it, by `.shuffle(buffer)` before `.batch()`
 * with a buffer as large as the data, or as memory allows, or by another order in
 * each pass. Of data that come in an order, say class after class, one batch has
 * nothing to do with the next, and every curve shows the order more than the
 * rate. The test tells by targets that come in runs, and without targets by
 * losses that do, and its verdict is `"ordered"`, never `"good"`.
 */
export type TrainingData<Batch = TensorPair> =
  // A batch of these has the form of the whole: inline loops are typed by it.
  | Batch & TensorPair
  | BatchDataset<Batch>
  | (() => Iterable<Batch> | AsyncIterable<Batch> | BatchDataset<Batch>);
