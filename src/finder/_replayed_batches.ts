import type { BatchSource } from "./_batch_source.ts";
import { endlessBatches } from "./_batches.ts";
import { cloneTensors, disposeBatch } from "./_tensor_tree.ts";

/**
 * The same batches again: those drawn so far are kept, and drawn once more after
 * {@linkcode ReplayedBatches.rewind}. A Dataset that shuffles, and a function that
 * does, would give others.
 */
export class ReplayedBatches implements BatchSource, AsyncDisposable {
  readonly #source: BatchSource;
  readonly #kept: unknown[] = [];
  readonly #batches: AsyncGenerator<unknown, never>;
  #next = 0;

  constructor(source: BatchSource) {
    this.#source = source;
    this.#batches = endlessBatches(source);
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

  /** From the first batch on. */
  rewind(): void {
    this.#next = 0;
  }

  /** Without end; one pass goes on where the last one was left. */
  async *pass(): AsyncGenerator<unknown> {
    while (true) {
      const at = this.#next++;
      if (at === this.#kept.length) {
        this.#kept.push((await this.#batches.next()).value);
      }
      yield cloneTensors(this.#kept[at]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#batches.return(undefined as never);
    disposeBatch(this.#kept);
    this.#kept.length = 0;
  }
}
