import {
  add,
  bitAnd,
  type Code,
  different,
  FunctionBuilder,
  greater,
  i32,
  type Local,
  loopUntilNot,
  loopWhile,
  v128,
  when,
  zeroBytes,
} from "./_assembler.ts";
import { mulAdd, type Target } from "./_kernel.ts";
import type { Matrix } from "./_winograd_matrices.ts";

/** The most rows of a patch. */
export const PATCH_ROWS = 8;

/** A sum of locals times constants. */
type Terms = [coefficient: number, value: Local][];

/** Writes straight-line code for products of constant matrices with vectors. */
class MatrixCode {
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

/**
 * The transform of a patch of pixels to products' operands: `matrix` times the
 * patch times its transpose, for four channels at a time.
 *
 * Parameters: the addresses of the patch's rows (8 of them, the rest unused),
 * from one pixel to the next, a mask of the columns that lie in the image (the
 * others are zero), the number of vectors, where to, from one element of the
 * result to the next.
 */
export function patchTransform(
  target: Target,
  matrix: Matrix,
): FunctionBuilder {
  const side = matrix[0].length;
  const f = new FunctionBuilder(PATCH_ROWS + 5);
  const rows = f.params.slice(0, side);
  const [pixelStep, mask, vectors, to, step] = f.params.slice(PATCH_ROWS);
  const [pixel, channel, at] = f.locals("i32", 3);
  const steps = f.locals("i32", matrix.length);
  const x = f.locals("v128", side);
  const code = new MatrixCode(f, target);
  const temporary = (row: number, column: number) =>
    target.workspace + 16 * (row * side + column);
  const whole = 2 ** side - 1;
  const body = [
    pixel.set(channel.get),
    x.map((_, column) => [
      when(
        bitAnd(mask.get, i32(1 << column)),
        x.map((value, i) => value.set(v128.load(add(rows[i].get, pixel.get)))),
        code.product(
          matrix,
          x,
          (row, value) => v128.store(i32(0), value, temporary(row, column)),
        ),
      ),
      pixel.add(pixelStep.get),
    ]),
    at.set(add(to.get, channel.get)),
    matrix.map((_, row) => [
      x.map((value, column) =>
        value.set(v128.load(i32(0), temporary(row, column)))
      ),
      code.product(matrix, x, (column, value) =>
        v128.store(
          column === 0 ? at.get : add(at.get, steps[column].get),
          value,
        )),
      at.add(steps[0].get),
    ]),
    channel.add(16),
    vectors.add(-1),
  ];
  return f.body(
    code.constants,
    // The steps to the elements of a row, and in place of the first, which is
    // none, that to the next row.
    steps.slice(1).map((local, i) =>
      local.set(i === 0 ? step.get : add(steps[i].get, step.get))
    ),
    steps[0].set(add(steps[matrix.length - 1].get, step.get)),
    when(
      different(mask.get, i32(whole)),
      zeroBytes(i32(target.workspace), i32(16 * matrix.length * side)),
    ),
    loopUntilNot(greater(vectors.get, i32(0)), body),
  );
}

/** How the results of a tile are finished. */
interface TileResult {
  /** What is done to them before they are stored. */
  finish(value: Code): Code;
  /** The rows and columns that are wanted of the results, if not all. */
  readonly wanted?: { readonly rows: Local; readonly columns: Local };
  /** Adds to what was loaded from an address. */
  loaded?(value: Local, address: Code): Code;
  /** What a vector of channels needs before it, and after it. */
  readonly before?: Code;
  readonly after?: Code;
}

/** What the transforms of products to results have in common. */
interface ResultParams {
  readonly from: Local;
  /** From one product to the next. */
  readonly step: Local;
  readonly to: Local;
  readonly pixelStep: Local;
  readonly rowStep: Local;
  readonly vectors: Local;
}

/** `matrix` times the products times its transpose, four channels at a time. */
function resultTransform(
  f: FunctionBuilder,
  target: Target,
  matrix: Matrix,
  params: ResultParams,
  result: TileResult,
): FunctionBuilder {
  const { from, step, to, pixelStep, rowStep, vectors } = params;
  const side = matrix[0].length;
  const [at, column, rowOfProducts] = f.locals("i32", 3);
  const x = f.locals("v128", side);
  const code = new MatrixCode(f, target);
  const temporary = (row: number, column: number) =>
    target.workspace + 16 * (row * side + column);
  const ifWanted = (limit: Local | undefined, index: number, body: Code) =>
    limit && index > 0 ? when(greater(limit.get, i32(index)), body) : body;
  const pixels = f.locals("i32", matrix.length);
  const body = [
    result.before ?? [],
    column.set(from.get),
    Array.from({ length: side }, (_, j) => [
      at.set(column.get),
      x.map((value, i) => [
        value.set(v128.load(at.get)),
        result.loaded?.(value, at.get) ?? [],
        i < side - 1 ? at.add(rowOfProducts.get) : [],
      ]),
      column.add(step.get),
      code.product(
        matrix,
        x,
        (row, value) => v128.store(i32(0), value, temporary(row, j)),
      ),
    ]),
    at.set(to.get),
    matrix.map((_, row) =>
      ifWanted(result.wanted?.rows, row, [
        x.map((value, j) => value.set(v128.load(i32(0), temporary(row, j)))),
        code.product(matrix, x, (k, value) =>
          ifWanted(
            result.wanted?.columns,
            k,
            v128.store(
              k === 0 ? at.get : add(at.get, pixels[k].get),
              result.finish(value),
            ),
          )),
        at.add(rowStep.get),
      ])
    ),
    from.add(16),
    to.add(16),
    result.after ?? [],
    vectors.add(-1),
  ];
  return f.body(
    code.constants,
    rowOfProducts.set(i32(0)),
    Array.from({ length: side }, () => rowOfProducts.add(step.get)),
    pixels.slice(1).map((local, i) =>
      local.set(i === 0 ? pixelStep.get : add(pixels[i].get, pixelStep.get))
    ),
    loopUntilNot(greater(vectors.get, i32(0)), body),
  );
}

/**
 * The transform of products to outputs, with their bias and cut off at both
 * ends. Parameters: those of the products, the rows and columns that are wanted,
 * the address of the bias, the bits of the lowest and highest value.
 */
export function outputTransform(
  target: Target,
  matrix: Matrix,
): FunctionBuilder {
  const f = new FunctionBuilder(11);
  const [from, step, to, pixelStep, rowStep, vectors] = f.params;
  const [rows, columns, bias, lowest, highest] = f.params.slice(6);
  const [shift, least, most] = f.locals("v128", 3);
  const params = { from, step, to, pixelStep, rowStep, vectors };
  return resultTransform(f, target, matrix, params, {
    wanted: { rows, columns },
    before: [
      shift.set(v128.load(bias.get)),
      least.set(v128.splatI32(lowest.get)),
      most.set(v128.splatI32(highest.get)),
    ],
    after: bias.add(16),
    finish: (value) =>
      v128.min(v128.max(v128.add(value, shift.get), least.get), most.get),
  });
}

/**
 * The transform of the products of inputs and dy to the gradient of the filter.
 * Parameters: those of the products, how many groups of them are to be added up,
 * and from one to the next.
 */
export function filterGradTransform(
  target: Target,
  matrix: Matrix,
): FunctionBuilder {
  const f = new FunctionBuilder(8);
  const [from, step, to, pixelStep, rowStep, vectors, groups, groupStep] =
    f.params;
  const [left, address] = f.locals("i32", 2);
  const params = { from, step, to, pixelStep, rowStep, vectors };
  return resultTransform(f, target, matrix, params, {
    finish: (value) => value,
    loaded: (value, at) => [
      address.set(at),
      left.set(groups.get),
      loopWhile(
        greater(left.get, i32(1)),
        address.add(groupStep.get),
        value.set(v128.add(value.get, v128.load(address.get))),
        left.add(-1),
      ),
    ],
  });
}
