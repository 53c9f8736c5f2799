import { type Code, type Local, v128 } from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { mulAdd, type Target } from "./_kernel.ts";
import type { Matrix } from "./_winograd_matrices.ts";

/** A sum of locals times constants. */
type Terms = [coefficient: number, value: Local][];

/** Writes straight-line code for products of constant matrices with vectors. */
export class MatrixCode {
  readonly #f: FunctionBuilder;
  readonly #madd: (a: Code, b: Code, c: Code) => Code;
  readonly #temporaries: Local[];
  readonly #constants = new Map<number, Local>();

  constructor(f: FunctionBuilder, target: Target) {
    this.#f = f;
    this.#madd = mulAdd(target);
    this.#temporaries = f.locals("v128", 2);
  }

  /** Sets the locals that hold constants; to be placed before their use. */
  get constants(): Code {
    return [...this.#constants].map(([value, local]) =>
      local.set(v128.constant(value))
    );
  }

  #constant(value: number): Code {
    let local = this.#constants.get(value);
    if (local === undefined) {
      local = this.#f.local("v128");
      this.#constants.set(value, local);
    }
    return local.get;
  }

  #sum(terms: Terms): Code {
    if (terms.length === 0) return v128.zero;
    // A term that needs no product comes first.
    const [[coefficient, value], ...rest] = terms.toSorted(([a], [b]) =>
      Number(b === 1) - Number(a === 1)
    );
    const first = coefficient === 1
      ? value.get
      : v128.mul(value.get, this.#constant(coefficient));
    return rest.reduce<Code>((sum, [c, x]) => {
      if (c === 1) return v128.add(sum, x.get);
      if (c === -1) return v128.sub(sum, x.get);
      return this.#madd(x.get, this.#constant(c), sum);
    }, first);
  }

  /**
   * Hands each element of `matrix · x` to `store`. Points come in pairs ±a, so
   * that rows or columns come in pairs that share their products. Overwrites x.
   */
  product(
    matrix: Matrix,
    x: readonly Local[],
    store: (row: number, value: Code) => Code,
  ): Code {
    return matrix.length < x.length
      ? this.#byColumns(matrix, x, store)
      : this.#byRows(matrix, x, store);
  }

  /** Columns k that are columns j with every other sign turned. */
  #byColumns(
    matrix: Matrix,
    x: readonly Local[],
    store: (row: number, value: Code) => Code,
  ): Code {
    const partners = new Map<number, number>();
    const taken = new Set<number>();
    for (let j = 0; j < x.length; j++) {
      const k = x.findIndex((_, k) =>
        k > j && !taken.has(j) && !taken.has(k) &&
        matrix.every((row, i) => row[k] === (i % 2 ? -row[j] : row[j])) &&
        matrix.some((row, i) => i > 0 && row[j] !== 0) && matrix.length > 1
      );
      if (k < 0) continue;
      partners.set(j, k);
      taken.add(k);
    }
    const [sum] = this.#temporaries;
    return [
      [...partners].map(([j, k]) => [
        sum.set(v128.add(x[j].get, x[k].get)),
        x[k].set(v128.sub(x[j].get, x[k].get)),
        x[j].set(sum.get),
      ]),
      matrix.map((row, i) => {
        const terms: Terms = [];
        row.forEach((coefficient, j) => {
          if (coefficient === 0 || taken.has(j)) return;
          const partner = i % 2 === 1 ? partners.get(j) : undefined;
          terms.push([coefficient, x[partner ?? j]]);
        });
        return store(i, this.#sum(terms));
      }),
    ];
  }

  /** Rows k that are rows i with the signs of some terms turned. */
  #byRows(
    matrix: Matrix,
    x: readonly Local[],
    store: (row: number, value: Code) => Code,
  ): Code {
    const [kept, turned] = this.#temporaries;
    const done = new Set<number>();
    return matrix.map((row, i) => {
      if (done.has(i)) return [];
      const terms: Terms = row.map((coefficient, j) => [coefficient, x[j]]);
      const isTurned = (other: readonly number[], j: number) =>
        other[j] !== row[j];
      const k = matrix.findIndex((other, k) =>
        k > i && !done.has(k) &&
        other.every((c, j) => Math.abs(c) === Math.abs(row[j])) &&
        other.some((_, j) => isTurned(other, j)) &&
        other.some((c, j) => c !== 0 && !isTurned(other, j))
      );
      if (k < 0) return store(i, this.#sum(terms.filter(([c]) => c !== 0)));
      done.add(k);
      const part = (wanted: boolean) =>
        this.#sum(
          terms.filter(([c], j) =>
            c !== 0 && isTurned(matrix[k], j) === wanted
          ),
        );
      return [
        kept.set(part(false)),
        turned.set(part(true)),
        store(i, v128.add(kept.get, turned.get)),
        store(k, v128.sub(kept.get, turned.get)),
      ];
    });
  }
}
