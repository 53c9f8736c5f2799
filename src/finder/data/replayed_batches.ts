import * as tf from "@tensorflow/tfjs";
import type { BatchSource } from "./batch_source.ts";
import { cloneTensors, disposeBatch, tensorsWithin } from "./tensor_tree.ts";

/** What was drawn of a pass, and where it goes on. */
interface KeptPass {
  readonly batches: unknown[];
  readonly more: AsyncIterator<unknown> | Iterator<unknown>;
}

/** What the tensors of a batch take. */
function bytesOf(batch: unknown): number {
  return tensorsWithin(batch).reduce(
    (sum, { size, dtype }) =>
      sum + (dtype === "string" ? 0 : size * tf.util.bytesPerElement(dtype)),
    0,
  );
}

/**
 * The same passes again: what was drawn is kept, and after
 * {@linkcode ReplayedBatches.rewind} the first pass is the first once more. A
 * Dataset that shuffles, and a function that does, would give others. Where they
 * come to more than `mostBytes` nothing is kept, and each pass is a fresh one.
 */
export class ReplayedBatches implements BatchSource, AsyncDisposable {
  readonly #source: BatchSource;
  readonly #mostBytes: number;
  readonly #passes: KeptPass[] = [];
  #next = 0;
  #bytes = 0;

  constructor(
    source: BatchSource,
    { mostBytes = Infinity }: { readonly mostBytes?: number } = {},
  ) {
    this.#source = source;
    this.#mostBytes = mostBytes;
  }

  /** Whether passes are the same as any time before. */
  get isReplayed(): boolean {
    return !this.#isTooLarge;
  }

  get name(): string {
    return this.#source.name;
  }

  get batches(): number | undefined {
    return this.#source.batches;
  }

  get isDataset(): boolean {
    return this.#source.isDataset;
  }

  emptyError(): Error {
    return this.#source.emptyError();
  }

  endlessError(): Error {
    return this.#source.endlessError();
  }

  ended(batches: number): void {
    this.#source.ended?.(batches);
  }

  /** From the first pass on. */
  rewind(): void {
    this.#next = 0;
  }

  async *pass(): AsyncGenerator<unknown> {
    if (this.#isTooLarge) return yield* this.#source.pass();
    const { batches, more } = this.#passes[this.#next++] ??= this.#open();
    let i = 0;
    while (!this.#isTooLarge) {
      if (i === batches.length) {
        const { value, done } = await more.next();
        if (done) return;
        this.#bytes += bytesOf(value);
        // Whoever made it may dispose it once the next one is asked for.
        batches.push(cloneTensors(value));
        disposeBatch(value);
      }
      yield cloneTensors(batches[i++]);
    }
    // None of them is wanted again.
    for (const { batches } of this.#passes) {
      batches.splice(0).forEach(disposeBatch);
    }
    try {
      while (true) {
        const { value, done } = await more.next();
        if (done) return;
        yield value;
      }
    } finally {
      await more.return?.();
    }
  }

  get #isTooLarge(): boolean {
    return this.#bytes > this.#mostBytes;
  }

  #open(): KeptPass {
    const pass = this.#source.pass();
    const more = Symbol.asyncIterator in pass
      ? pass[Symbol.asyncIterator]()
      : pass[Symbol.iterator]();
    return { batches: [], more };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { batches, more } of this.#passes) {
      await more.return?.();
      disposeBatch(batches);
    }
    this.#passes.length = 0;
  }
}
