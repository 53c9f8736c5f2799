/**
 * Which batch the memory of the GPU allows. Tensors of a batch have its size as
 * their first dimension; together they are what grows with it.
 */

/** Bytes of the tensors on the GPU by their first dimension. */
export class BatchMemory {
  readonly #bytes = new Map<number, number>();

  /** Counts `bytes` more, or fewer where negative, of a tensor. */
  count(shape: readonly number[], bytes: number): void {
    const [first] = shape;
    if (first === undefined) return;
    const sum = (this.#bytes.get(first) ?? 0) + bytes;
    if (sum > 0) this.#bytes.set(first, sum);
    else this.#bytes.delete(first);
  }

  /**
   * The batch that takes the most, and the largest that can fit where `asked`
   * bytes more of it did not: an upper bound, as a step may need more later.
   */
  largestBatch(
    shape: readonly number[],
    asked: number,
  ): { size: number; largest: number } | undefined {
    const [size] = shape;
    if (size === undefined || size < 2) return undefined;
    const fitted = this.#bytes.get(size) ?? 0;
    const total = [...this.#bytes.values()].reduce((sum, n) => sum + n, 0);
    // Otherwise the first dimension is hardly a batch's.
    if (fitted + asked < (total + asked) / 2) return undefined;
    return { size, largest: Math.floor(size * fitted / (fitted + asked)) };
  }
}
