/**
 * Single numbers that a program makes again and again, such as the 2 of a square's
 * gradient: each is written to the GPU once and read from there ever after.
 */

import type { BufferPool } from "./_buffer_pool.ts";

/** Numbers that are kept. */
const KEPT = 256;
/** Numbers that are remembered as having been met once. */
const MET = 1024;

/** Buffers of single 32-bit words. */
export class Constants {
  readonly #pool: BufferPool;
  readonly #queue: GPUQueue;
  readonly #usage: number;
  readonly #kept = new Map<number, GPUBuffer>();
  readonly #met = new Set<number>();

  /** Constants in buffers of `pool`, to be used as `usage` says. */
  constructor(pool: BufferPool, queue: GPUQueue, usage: number) {
    this.#pool = pool;
    this.#queue = queue;
    this.#usage = usage;
  }

  /**
   * A buffer that holds the word for good, which nobody may write to; undefined
   * for one that is met for the first time, as most numbers do not come again.
   */
  of(word: Uint32Array<ArrayBuffer>): GPUBuffer | undefined {
    const [key] = word;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    if (!this.#met.has(key)) {
      if (this.#met.size >= MET) this.#met.clear();
      this.#met.add(key);
      return undefined;
    }
    if (this.#kept.size >= KEPT) return undefined;
    const buffer = this.#pool.acquireForWriting(4, this.#usage);
    this.#queue.writeBuffer(buffer, 0, word);
    this.#kept.set(key, buffer);
    return buffer;
  }
}
