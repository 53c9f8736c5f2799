import {
  add,
  divide,
  greater,
  i32,
  loopWhile,
  mul,
  remainder,
  smaller,
  sub,
  v128,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { eachColumn, kernelFunction } from "./_kernel.ts";

/** Sums ranges of rows, column by column. */
export function sumRows(): FunctionBuilder {
  return kernelFunction("sumRows", (f, args, chunk) => {
    const [first, count, from, to, at, rowsLeft, rowBytes] = f.locals("i32", 7);
    const [range, column, width] = f.locals("i32", 3);
    const sum = f.local("v128");
    return [
      rowBytes.set(mul(args.columns.get, i32(4))),
      range.set(divide(chunk.get, args.columnChunks.get)),
      column.set(
        mul(
          remainder(chunk.get, args.columnChunks.get),
          args.chunkColumns.get,
        ),
      ),
      width.set(
        smaller(args.chunkColumns.get, sub(args.columns.get, column.get)),
      ),
      first.set(mul(range.get, args.chunkRows.get)),
      count.set(
        smaller(args.chunkRows.get, sub(args.rows.get, first.get)),
      ),
      column.set(mul(column.get, i32(4))),
      from.set(
        add(add(args.from.get, column.get), mul(first.get, rowBytes.get)),
      ),
      to.set(
        add(add(args.to.get, column.get), mul(range.get, rowBytes.get)),
      ),
      eachColumn(f, width, (offset, load, store) => [
        sum.set(v128.zero),
        at.set(add(from.get, offset.get)),
        rowsLeft.set(count.get),
        loopWhile(
          greater(rowsLeft.get, i32(0)),
          sum.set(v128.add(sum.get, load(at.get))),
          at.add(rowBytes.get),
          rowsLeft.add(-1),
        ),
        store(add(to.get, offset.get), sum.get),
      ]),
    ];
  });
}
