import * as tf from "@tensorflow/tfjs";
import type {
  BatchDataset,
  TensorPair,
  TensorTree,
  TrainingData,
} from "./data.ts";
import { type Random, shuffle } from "./_random.ts";
import { releaseIterator } from "./_release_iterator.ts";

/** Tensors of a batch, or of anything else that holds some. */
type Container = tf.TensorContainer;

/** What a {@linkcode BatchSource} needs to know. */
export interface BatchSourceOptions {
  /** Examples in a batch drawn from tensors. */
  readonly batchSize: number;
  /** Draws the order of the examples; without it they stay in order. */
  readonly random?: Random;
  /** What the data are called in errors. */
  readonly name: string;
}

/** Passes over the data, batch by batch; the caller disposes each batch. */
export interface BatchSource {
  /** Batches in a pass, where that is known beforehand. */
  readonly batches: number | undefined;
  /** A fresh pass over the data. */
  pass(): AsyncIterable<unknown> | Iterable<unknown>;
}

function tensorsOf(tree: TensorTree): tf.Tensor[] {
  if (tree instanceof tf.Tensor) return [tree];
  return Object.values(tree);
}

function mapTree(tree: TensorTree, map: (tensor: tf.Tensor) => tf.Tensor) {
  if (tree instanceof tf.Tensor) return map(tree);
  if (Array.isArray(tree)) return tree.map(map);
  return Object.fromEntries(
    Object.entries(tree).map(([name, tensor]) => [name, map(tensor)]),
  );
}

/** Whether `data` are inputs and targets, rather than a stream of batches. */
export function isTensorPair(data: unknown): data is TensorPair {
  return typeof data === "object" && data !== null && "xs" in data &&
    "ys" in data;
}

function isDataset(data: unknown): data is BatchDataset<unknown> {
  return typeof (data as Partial<BatchDataset> | null)?.iterator === "function";
}

function examplesIn({ xs, ys }: TensorPair, name: string): number {
  const tensors = [...tensorsOf(xs), ...tensorsOf(ys)];
  const counts = tensors.map((tensor) => tensor.shape[0]);
  if (!(counts[0] > 0) || counts.some((count) => count !== counts[0])) {
    throw new RangeError(
      `Cannot draw batches as every tensor of ${name} must have the same number (> 0) of examples: current value is ${
        counts.join(", ")
      }`,
    );
  }
  return counts[0];
}

/**
 * Batches from tensors. In random order, every batch is full: a remainder of
 * the set would be noisier than its neighbours, so it is left for another pass.
 */
class TensorBatches implements BatchSource {
  readonly #data: TensorPair;
  readonly #options: BatchSourceOptions;
  readonly #examples: number;

  constructor(data: TensorPair, options: BatchSourceOptions) {
    this.#data = data;
    this.#options = options;
    this.#examples = examplesIn(data, options.name);
  }

  get batches(): number {
    const { batchSize, random } = this.#options;
    const full = this.#examples / Math.min(batchSize, this.#examples);
    return random ? Math.floor(full) : Math.ceil(full);
  }

  *pass(): Generator<TensorPair> {
    const { random } = this.#options;
    const size = Math.min(this.#options.batchSize, this.#examples);
    const order = Int32Array.from({ length: this.#examples }, (_, i) => i);
    if (random) shuffle(order, random);
    const end = random ? this.#examples - size : this.#examples - 1;
    for (let start = 0; start <= end; start += size) {
      const { xs, ys } = this.#data;
      yield tf.tidy(() => {
        const rows = tf.tensor1d(order.subarray(start, start + size), "int32");
        const batch = (tree: TensorTree) =>
          mapTree(tree, (tensor) => tensor.gather(rows));
        return { xs: batch(xs), ys: batch(ys) } as Container;
      }) as unknown as TensorPair;
    }
  }
}

class DatasetBatches implements BatchSource {
  readonly #dataset: BatchDataset<unknown>;

  constructor(dataset: BatchDataset<unknown>) {
    this.#dataset = dataset;
  }

  get batches(): number | undefined {
    // Infinite where tfjs knows that it repeats, null where it knows nothing.
    const { size } = this.#dataset as { size?: number | null };
    return Number.isFinite(size) ? size! : undefined;
  }

  async *pass(): AsyncGenerator<unknown> {
    const iterator = await this.#dataset.iterator();
    try {
      while (true) {
        const { value, done } = await iterator.next();
        if (done) return;
        yield value;
      }
    } finally {
      await releaseIterator(iterator);
    }
  }
}

class IterableBatches implements BatchSource {
  readonly batches = undefined;
  readonly #open: () => Iterable<unknown> | AsyncIterable<unknown>;
  readonly #name: string;

  constructor(
    open: () => Iterable<unknown> | AsyncIterable<unknown>,
    name: string,
  ) {
    this.#open = open;
    this.#name = name;
  }

  async *pass(): AsyncGenerator<unknown> {
    const iterable = this.#open();
    if (
      !(Symbol.iterator in Object(iterable)) &&
      !(Symbol.asyncIterator in Object(iterable))
    ) {
      throw new TypeError(
        `Cannot draw batches as the function ${this.#name} must return an iterable: current value is ${iterable}`,
      );
    }
    // Whoever built an array of batches has them for more than one pass.
    if (!Array.isArray(iterable)) return yield* iterable;
    for (const batch of iterable) yield cloneTensors(batch);
  }
}

function cloneTensors(batch: unknown): unknown {
  if (batch instanceof tf.Tensor) return batch.clone();
  if (Array.isArray(batch)) return batch.map(cloneTensors);
  if (
    typeof batch === "object" && batch !== null &&
    Object.getPrototypeOf(batch) === Object.prototype
  ) {
    return Object.fromEntries(
      Object.entries(batch).map(([key, value]) => [key, cloneTensors(value)]),
    );
  }
  return batch;
}

/** Examples in a batch, or 1 where only the trainee knows. */
export function examplesOf(batch: unknown): number {
  return isTensorPair(batch) ? tensorsOf(batch.xs)[0].shape[0] ?? 1 : 1;
}

/** Disposes every tensor in a batch of any structure. */
export function disposeBatch(batch: unknown): void {
  if (typeof batch === "object" && batch !== null) {
    tf.dispose(batch as Container);
  }
}

/**
 * Reads data of any form in batches.
 *
 * @throws {TypeError} If `data` is none of the forms.
 * @throws {RangeError} If tensors differ in their number of examples.
 */
export function batchSource(
  data: TrainingData<unknown>,
  options: BatchSourceOptions,
): BatchSource {
  if (typeof data === "function") {
    return new IterableBatches(data, options.name);
  }
  if (isDataset(data)) return new DatasetBatches(data);
  if (isTensorPair(data)) return new TensorBatches(data, options);
  throw new TypeError(
    `Cannot draw batches as ${options.name} must be { xs, ys }, a tf.data.Dataset or a function that returns an iterable of batches: current value is ${data}`,
  );
}

/** Batches without end: when the data end, they start over. */
export async function* endlessBatches(
  source: BatchSource,
  name: string,
): AsyncGenerator<unknown, never> {
  while (true) {
    let empty = true;
    for await (const batch of source.pass()) {
      empty = false;
      yield batch;
    }
    if (empty) {
      throw new RangeError(
        `Cannot draw batches as ${name} must yield at least one: current value is none`,
      );
    }
  }
}
