import { thin, union } from "../series/thin.ts";

/** Columns of equal length by name; `null` stands for what is not a number. */
export interface LiveColumns {
  [name: string]: (number | null)[];
}

/** More rows are thinned to what a picture shows, to at most half as many. */
const MOST_ROWS = 16384;

/**
 * The rows of a run, numbered in the order they came. It holds a bounded
 * number of them: of a long run, the peaks and troughs.
 */
export class LiveStore {
  readonly #columns = new Map<string, number[]>();
  #numbers: number[] = [];
  #next = 0;

  /** The number that the next row will have. */
  get next(): number {
    return this.#next;
  }

  /** How many rows are held. */
  get length(): number {
    return this.#numbers.length;
  }

  /** The names of the columns. */
  get names(): string[] {
    return [...this.#columns.keys()];
  }

  /** Adds rows given as columns of equal length. */
  add(columns: { readonly [name: string]: ArrayLike<number> }): void {
    const names = Object.keys(columns);
    const rows = names.length === 0 ? 0 : columns[names[0]].length;
    for (const name of names) {
      if (!this.#columns.has(name)) {
        this.#columns.set(name, new Array(this.length).fill(NaN));
      }
    }
    for (const [name, values] of this.#columns) {
      const given = columns[name];
      for (let i = 0; i < rows; i++) values.push(given?.[i] ?? NaN);
    }
    for (let i = 0; i < rows; i++) this.#numbers.push(this.#next++);
    if (this.length > MOST_ROWS) this.#thin();
  }

  /** At most `most` rows from number `from` on, and the number after the last. */
  from(from: number, most: number): { columns: LiveColumns; next: number } {
    let low = 0, high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#numbers[middle] < from) low = middle + 1;
      else high = middle;
    }
    const end = Math.min(low + most, this.length);
    const columns: LiveColumns = {};
    for (const [name, values] of this.#columns) {
      columns[name] = values.slice(low, end).map((value) =>
        Number.isFinite(value) ? value : null
      );
    }
    return {
      columns,
      next: end < this.length ? this.#numbers[end] : this.#next,
    };
  }

  #thin(): void {
    const buckets = Math.max(1, Math.floor(MOST_ROWS / 8 / this.names.length));
    // By number, or the oldest rows would be thinned again and again.
    const lists = [...this.#columns.values()].map((values) =>
      thin(values, buckets, this.#numbers)
    );
    const kept = union(...lists);
    this.#numbers = kept.map((i) => this.#numbers[i]);
    for (const [name, values] of this.#columns) {
      this.#columns.set(name, kept.map((i) => values[i]));
    }
  }
}
