import type { BatchSource } from "./_batch_source.ts";
import { cloneTensors, disposeBatch } from "./_tensor_tree.ts";

/** What was drawn of a pass, and where it goes on. */
interface KeptPass {
  readonly batches: unknown[];
  readonly more: AsyncIterator<unknown> | Iterator<unknown>;
}

/**
 * The same passes again: what was drawn is kept, and after
 * {@linkcode ReplayedBatches.rewind} the first pass is the first once more. A
 * Dataset that shuffles, and a function that does, would give others.
 */
export class ReplayedBatches implements BatchSource, AsyncDisposable {
  readonly #source: BatchSource;
  readonly #passes: KeptPass[] = [];
  #next = 0;

  constructor(source: BatchSource) {
    this.#source = source;
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
    const { batches, more } = this.#passes[this.#next++] ??= this.#open();
    for (let i = 0;; i++) {
      if (i === batches.length) {
        const { value, done } = await more.next();
        if (done) return;
        batches.push(value);
      }
      yield cloneTensors(batches[i]);
    }
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
