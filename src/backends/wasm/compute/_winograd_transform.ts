import {
  add,
  bitAnd,
  type Code,
  different,
  greater,
  i32,
  type Local,
  loopUntilNot,
  loopWhile,
  v128,
  when,
  zeroBytes,
} from "./_assembler.ts";
import { FunctionBuilder } from "./_function_builder.ts";
import type { Target } from "./_kernel.ts";
import { MatrixCode } from "./_matrix_code.ts";
import type { Matrix } from "./_winograd_matrices.ts";

/** The most rows of a patch. */
export const PATCH_ROWS = 8;

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
  { matrix, params, result }: {
    readonly matrix: Matrix;
    readonly params: ResultParams;
    readonly result: TileResult;
  },
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
  return resultTransform(f, target, {
    matrix,
    params,
    result: {
      wanted: { rows, columns },
      before: [
        shift.set(v128.load(bias.get)),
        least.set(v128.splatI32(lowest.get)),
        most.set(v128.splatI32(highest.get)),
      ],
      after: bias.add(16),
      finish: (value) =>
        v128.min(v128.max(v128.add(value, shift.get), least.get), most.get),
    },
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
  return resultTransform(f, target, {
    matrix,
    params,
    result: {
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
    },
  });
}
