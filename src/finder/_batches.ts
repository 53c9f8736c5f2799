import * as tf from "@tensorflow/tfjs";
import type {
  BatchDataset,
  TensorPair,
  TensorTree,
  TrainingData,
} from "./data.ts";
import { describe } from "./_describe.ts";
import { type Random, shuffle } from "../runtime/random.ts";
import { releaseIterator } from "../tfjs/release_iterator.ts";

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
  /** What the data are called in errors. */
  readonly name: string;
  /** Batches in a pass, where that is known beforehand; Infinity without end. */
  readonly batches: number | undefined;
  /** Whether batches come from a `tf.data.Dataset`. */
  readonly isDataset: boolean;
  /** Examples, where all of them are at hand. */
  readonly examples?: number;
  /** Which of them, where all are at hand, hold numbers that are not finite. */
  notFinite?(): Promise<
    { part: "xs" | "ys"; examples: number[] } | undefined
  >;
  /** A fresh pass over the data. */
  pass(): AsyncIterable<unknown> | Iterable<unknown>;
  /** What to throw where a pass had no batch. */
  emptyError(): Error;
  /** What to throw where a pass that must end does not. */
  endlessError(): Error;
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

/** Whether `tree` is a tensor, or an array or record of tensors. */
function isTensorTree(tree: unknown): tree is TensorTree {
  if (tree instanceof tf.Tensor) return true;
  if (typeof tree !== "object" || tree === null) return false;
  const leaves = Object.values(tree);
  return leaves.length > 0 && leaves.every((leaf) => leaf instanceof tf.Tensor);
}

/** What to do about data that are not `{ xs, ys }`, where that can be told. */
function pairRemedy(data: unknown, isDataset: boolean): string {
  if (isDataset) return "; make the Dataset with tf.data.zip({ xs, ys })";
  return Array.isArray(data) && data.length === 2
    ? "; write { xs, ys } for [xs, ys]"
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
      // Of a record, tfjs takes what it needs; of an array that does not fit, it
      // would print the tensors.
      const isListed = tree instanceof tf.Tensor || Array.isArray(tree);
      const wanted = names?.[part];
      if (wanted && isListed && tensorsOf(tree).length !== wanted.length) {
        fail(
          `${part} of each of ${name} must have a tensor for each of ${
            wanted.join(", ")
          }`,
          tree,
          "",
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

/** Every tensor in a batch, or in a result, of any structure. */
function tensorsWithin(
  value: unknown,
  seen: Set<unknown> = new Set(),
): tf.Tensor[] {
  if (typeof value !== "object" || value === null || seen.has(value)) return [];
  seen.add(value);
  if (value instanceof tf.Tensor) return [value];
  // Numbers alone, of which there may be millions: tfjs's own walk is slow there.
  if (ArrayBuffer.isView(value)) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === "number")) {
    return [];
  }
  return Object.values(value).flatMap((item) => tensorsWithin(item, seen));
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
  readonly isDataset = false;
  readonly #data: TensorPair;
  readonly #options: BatchSourceOptions;
  readonly #examples: number;

  constructor(data: TensorPair, options: BatchSourceOptions) {
    this.#data = data;
    this.#options = options;
    this.#examples = examplesIn(data, options.name);
  }

  get name(): string {
    return this.#options.name;
  }

  emptyError(): Error {
    return noBatch(this.name);
  }

  endlessError(): Error {
    return withoutEnd(this.name);
  }

  get examples(): number {
    return this.#examples;
  }

  async notFinite(): Promise<
    { part: "xs" | "ys"; examples: number[] } | undefined
  > {
    for (const part of ["xs", "ys"] as const) {
      // 0 times what is not finite is not 0.
      const sums = tf.tidy(() =>
        tf.addN(
          tensorsOf(this.#data[part]).map((tensor) =>
            tensor.toFloat().mul(0).reshape([this.#examples, -1]).sum(1)
          ),
        )
      );
      const values = await sums.data();
      sums.dispose();
      const examples = Array.from(values, (_, i) => i)
        .filter((i) => values[i] !== 0);
      if (examples.length > 0) return { part, examples };
    }
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
  readonly isDataset = true;
  readonly #dataset: BatchDataset<unknown>;

  constructor(dataset: BatchDataset<unknown>, readonly name: string) {
    this.#dataset = dataset;
  }

  emptyError(): Error {
    return noBatch(this.name);
  }

  endlessError(): Error {
    return withoutEnd(this.name);
  }

  get batches(): number | undefined {
    // Null where tfjs knows nothing.
    const { size } = this.#dataset as { size?: number | null };
    return size ?? undefined;
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

type Opener = Exclude<
  TrainingData<unknown>,
  TensorPair | BatchDataset<unknown>
>;

class FunctionBatches implements BatchSource {
  readonly batches = undefined;
  readonly #open: Opener;
  /** What the function returned last. */
  #last: unknown;
  #isUsedUp = false;
  #dataset: DatasetBatches | undefined;

  constructor(open: Opener, readonly name: string) {
    this.#open = open;
  }

  get isDataset(): boolean {
    return this.#dataset !== undefined;
  }

  endlessError(): Error {
    return withoutEnd(this.name);
  }

  emptyError(): Error {
    if (!this.#isUsedUp) return noBatch(this.name);
    return new TypeError(
      `Cannot draw batches as the function ${this.name} must return a fresh iterable each time: current value is the one that it returned before, which is used up`,
    );
  }

  async *pass(): AsyncGenerator<unknown> {
    // Kept, as a Dataset shuffles its next pass in another order than its first.
    if (this.#dataset) return yield* this.#dataset.pass();
    const iterable = this.#open();
    if (isDataset(iterable)) {
      this.#dataset = new DatasetBatches(iterable, this.name);
      return yield* this.#dataset.pass();
    }
    if (
      !(Symbol.iterator in Object(iterable)) &&
      !(Symbol.asyncIterator in Object(iterable))
    ) {
      throw new TypeError(
        `Cannot draw batches as the function ${this.name} must return an iterable or a tf.data.Dataset: current value is ${
          describe(iterable)
        }`,
      );
    }
    this.#isUsedUp = iterable === this.#last &&
      typeof (iterable as Partial<Iterator<unknown>>).next === "function";
    this.#last = iterable;
    // Whoever built an array of batches has them for more than one pass.
    if (!Array.isArray(iterable)) return yield* iterable;
    for (const batch of iterable) yield cloneTensors(batch);
  }
}

function withoutEnd(name: string): RangeError {
  return new RangeError(
    `Cannot evaluate as ${name} must end: current value yields batches without end; take(n) of it`,
  );
}

function noBatch(name: string): RangeError {
  return new RangeError(
    `Cannot draw batches as ${name} must yield at least one: current value is none`,
  );
}

/** The same batch, of any structure, to be disposed by another. */
export function cloneTensors(batch: unknown): unknown {
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
  tf.dispose(tensorsWithin(batch));
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
  const { name } = options;
  if (typeof data === "function") return new FunctionBatches(data, name);
  if (isDataset(data)) return new DatasetBatches(data, name);
  if (isTensorPair(data)) {
    for (const part of ["xs", "ys"] as const) {
      const tree: unknown = data[part];
      if (
        isTensorTree(tree) &&
        tensorsOf(tree).every((tensor) => !tensor.isDisposed)
      ) continue;
      throw new TypeError(
        `Cannot draw batches as ${part} of ${name} must be a tensor, or an array or record of tensors: current value is ${
          describe(tree)
        }`,
      );
    }
    return new TensorBatches(data, options);
  }
  throw new TypeError(
    `Cannot draw batches as ${name} must be { xs, ys }, a tf.data.Dataset or a function that returns an iterable of batches: current value is ${
      describe(data)
    }${pairRemedy(data, false)}`,
  );
}

/** Batches without end: when the data end, they start over. */
export async function* endlessBatches(
  source: BatchSource,
): AsyncGenerator<unknown, never> {
  while (true) {
    let empty = true;
    for await (const batch of source.pass()) {
      empty = false;
      yield batch;
    }
    if (empty) throw source.emptyError();
  }
}
