import {
  add,
  atLeast,
  call,
  divide,
  greater,
  i32,
  less,
  loopUntilNot,
  loopWhile,
  mul,
  sub,
  v128,
  when,
  zeroBytes,
} from "./_assembler.ts";
import { FunctionBuilder } from "./_function_builder.ts";
import {
  HIGHEST,
  LOWEST,
  setRow,
  tileProductArguments,
} from "./_tile_products.ts";
import { WIDE_COLUMNS, worthWide } from "./_wide_products.ts";
import { mulAdd, PANEL, type Target, TILE_ROWS } from "./_kernel.ts";

/**
 * The product of a row-major matrix with packed panels. Rows are taken six at a
 * time, so that there must be room for as many, of whatever values, after them.
 * Parameters: a, panels, out, rows, inner size (a multiple of 4), columns (a
 * multiple of 8).
 *
 * `wide` is the index of {@linkcode wideProducts}, where there is such a
 * function.
 */
export function panelProduct(
  target: Target,
  wide: number | undefined,
): FunctionBuilder {
  const f = new FunctionBuilder(6);
  const [a, panels, out, rows, inner, columns] = f.params;
  const madd = mulAdd(target);
  const [row, weights, left, to, next, column] = f.locals("i32", 6);
  const [rowBytes, outBytes, at] = f.locals("i32", 3);
  const reads = f.locals("i32", TILE_ROWS);
  const low = f.locals("v128", TILE_ROWS);
  const high = f.locals("v128", TILE_ROWS);
  const [b0, b1, value] = f.locals("v128", 3);
  const step = (s: number) => [
    b0.set(v128.load(weights.get, 32 * s)),
    b1.set(v128.load(weights.get, 32 * s + 16)),
    reads.map((read, i) => [
      value.set(v128.splat(read.get, 4 * s)),
      low[i].set(madd(value.get, b0.get, low[i].get)),
      high[i].set(madd(value.get, b1.get, high[i].get)),
    ]),
  ];
  return f.body(
    rowBytes.set(mul(inner.get, i32(4))),
    outBytes.set(mul(columns.get, i32(4))),
    wide === undefined ? [] : when(
      mul(worthWide(inner), atLeast(columns.get, i32(WIDE_COLUMNS))),
      // As many rows as the tiles have; no more than a block of tiles.
      left.set(
        divide(add(rows.get, i32(TILE_ROWS - 1)), i32(TILE_ROWS)),
      ),
      loopWhile(
        less(row.get, mul(left.get, i32(TILE_ROWS))),
        setRow(
          target,
          {
            row: row.get,
            reads: mul(row.get, rowBytes.get),
            writes: mul(row.get, outBytes.get),
          },
        ),
        row.add(1),
      ),
      zeroBytes(i32(target.workspace), i32(4 * WIDE_COLUMNS)),
      loopWhile(
        atLeast(sub(columns.get, column.get), i32(WIDE_COLUMNS)),
        call(
          wide,
          ...tileProductArguments({
            tiles: left.get,
            readBase: a.get,
            writeBase: add(out.get, mul(column.get, i32(4))),
            panel: panels.get,
            outer: i32(1),
            outerStep: i32(0),
            middle: i32(1),
            middleStep: i32(0),
            run: inner.get,
            columns: mul(inner.get, i32(4 * PANEL)),
            bias: i32(target.workspace),
            lowest: i32(LOWEST),
            highest: i32(HIGHEST),
          }),
        ),
        panels.set(add(panels.get, mul(inner.get, i32(8 * PANEL)))),
        column.add(WIDE_COLUMNS),
      ),
    ),
    loopWhile(
      less(column.get, columns.get),
      row.set(i32(0)),
      next.set(a.get),
      to.set(add(out.get, mul(column.get, i32(4)))),
      loopUntilNot(
        less(row.get, rows.get),
        at.set(next.get),
        reads.map((read) => [read.set(at.get), at.add(rowBytes.get)]),
        next.set(at.get),
        low.map((sum) => sum.set(v128.zero)),
        high.map((sum) => sum.set(v128.zero)),
        weights.set(panels.get),
        left.set(inner.get),
        loopUntilNot(
          greater(left.get, i32(0)),
          [0, 1, 2, 3].map(step),
          weights.add(128),
          reads.map((read) => read.add(16)),
          left.add(-4),
        ),
        low.map((sum, i) => [
          v128.store(to.get, sum.get),
          v128.store(to.get, high[i].get, 16),
          to.add(outBytes.get),
        ]),
        row.add(TILE_ROWS),
      ),
      panels.set(add(panels.get, mul(inner.get, i32(4 * PANEL)))),
      column.add(PANEL),
    ),
  );
}
