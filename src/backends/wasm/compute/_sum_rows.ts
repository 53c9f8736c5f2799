import {
  add,
  type FunctionBuilder,
  greater,
  i32,
  loopWhile,
  mul,
  smaller,
  sub,
  v128,
} from "./_assembler.ts";
import { eachColumn, kernelFunction } from "./_kernel.ts";

/** Sums ranges of rows, column by column. */
export function sumRows(): FunctionBuilder {
  return kernelFunction("sumRows", (f, args, chunk) => {
    const [first, count, from, to, at, rowsLeft, rowBytes] = f.locals("i32", 7);
    const sum = f.local("v128");
    return [
      rowBytes.set(mul(args.columns.get, i32(4))),
      first.set(mul(chunk.get, args.chunkRows.get)),
      count.set(
        smaller(args.chunkRows.get, sub(args.rows.get, first.get)),
      ),
      from.set(add(args.from.get, mul(first.get, rowBytes.get))),
      to.set(add(args.to.get, mul(chunk.get, rowBytes.get))),
      eachColumn(f, args.columns, (offset, load, store) => [
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
