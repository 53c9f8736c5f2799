import { errorMessage } from "../../runtime/error_message.ts";
import {
  type BatchSource,
  type BatchSourceOptions,
  noBatch,
  withoutEnd,
} from "./batch_source.ts";
import { pairRemedy } from "./check_batch.ts";
import { describe } from "./describe.ts";
import { TensorBatches } from "./_tensor_batches.ts";
import {
  cloneTensors,
  disposeBatch,
  isTensorPair,
  isTensorTree,
  tensorsOf,
} from "./tensor_tree.ts";
import type {
  BatchDataset,
  TensorPair,
  TrainingData,
} from "./training_data.ts";
import { untilAborted } from "../../runtime/until_aborted.ts";
import { releaseIterator } from "../../tfjs/release_iterator.ts";

function isDataset(data: unknown): data is BatchDataset<unknown> {
  return typeof (data as Partial<BatchDataset> | null)?.iterator === "function";
}

type SourceOptions = Pick<BatchSourceOptions, "name" | "signal">;

class DatasetBatches implements BatchSource {
  readonly isDataset = true;
  readonly #dataset: BatchDataset<unknown>;
  #counted: number | undefined;

  readonly name: string;
  readonly #signal: AbortSignal | undefined;

  constructor(dataset: BatchDataset<unknown>, options: SourceOptions) {
    this.#dataset = dataset;
    this.name = options.name;
    this.#signal = options.signal;
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
    return size ?? this.#counted;
  }

  ended(batches: number): void {
    this.#counted = batches;
  }

  pass(): AsyncGenerator<unknown> {
    return untilAborted(this.#pass(), {
      signal: this.#signal,
      dispose: disposeBatch,
    });
  }

  async *#pass(): AsyncGenerator<unknown> {
    const iterator = await this.#dataset.iterator();
    try {
      while (true) {
        const { value, done } = await this.#next(iterator);
        if (done) return;
        yield value;
      }
    } finally {
      await releaseIterator(iterator);
    }
  }

  /** The next batch; rows that do not fit together fail within tfjs. */
  async #next(
    iterator: Awaited<ReturnType<BatchDataset<unknown>["iterator"]>>,
  ) {
    try {
      return await iterator.next();
    } catch (error) {
      const message = errorMessage(error);
      if (!message.startsWith("Invalid typed array length")) throw error;
      throw new TypeError(
        `Cannot draw batches as the rows of ${this.name} must be { xs, ys }, each of one shape: current value is a Dataset whose rows tfjs cannot put together (${message}); make it with tf.data.zip({ xs, ys }), of rows of one length`,
        { cause: error },
      );
    }
  }
}

type Opener = Exclude<
  TrainingData<unknown>,
  TensorPair | BatchDataset<unknown>
>;

class FunctionBatches implements BatchSource {
  readonly #open: Opener;
  #counted: number | undefined;
  /** What the function returned last. */
  #last: unknown;
  #isUsedUp = false;
  #dataset: DatasetBatches | undefined;

  readonly #options: SourceOptions;

  constructor(open: Opener, options: SourceOptions) {
    this.#open = open;
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get isDataset(): boolean {
    return this.#dataset !== undefined;
  }

  get batches(): number | undefined {
    return this.#dataset?.batches ?? this.#counted;
  }

  ended(batches: number): void {
    this.#counted = batches;
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

  pass(): AsyncGenerator<unknown> {
    return untilAborted(this.#pass(), {
      signal: this.#options.signal,
      dispose: disposeBatch,
    });
  }

  async *#pass(): AsyncGenerator<unknown> {
    // Kept, as a Dataset shuffles its next pass in another order than its first.
    if (this.#dataset) return yield* this.#dataset.pass();
    const iterable = this.#open();
    if (isDataset(iterable)) {
      this.#dataset = new DatasetBatches(iterable, this.#options);
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
  if (typeof data === "function") return new FunctionBatches(data, options);
  if (isDataset(data)) return new DatasetBatches(data, options);
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
        }${
          Array.isArray(tree) || ArrayBuffer.isView(tree)
            ? "; make tensors with tf.tensor"
            : ""
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

/**
 * Batches without end: when the data end, they start over. They end where the
 * signal is aborted and no more come.
 */
export async function* endlessBatches(
  source: BatchSource,
  signal: AbortSignal | undefined,
): AsyncGenerator<unknown, void> {
  while (true) {
    let count = 0;
    for await (const batch of source.pass()) {
      count++;
      yield batch;
    }
    if (signal?.aborted) return;
    if (count === 0) throw source.emptyError();
    source.ended?.(count);
  }
}
