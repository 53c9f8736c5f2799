import {
  add,
  atLeast,
  greater,
  i32,
  loadI32,
  loopWhile,
  mul,
  smaller,
  storeI32,
  sub,
  v128,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { kernelFunction } from "./_kernel.ts";

/** Rows with more columns, the new ones zero, or with fewer. */
export function resizeRows(): FunctionBuilder {
  return kernelFunction("resizeRows", (f, args, chunk) => {
    const [first, left, from, to, copied, column] = f.locals("i32", 6);
    return [
      first.set(mul(chunk.get, args.chunkRows.get)),
      left.set(smaller(args.chunkRows.get, sub(args.rows.get, first.get))),
      from.set(
        add(args.from.get, mul(first.get, mul(args.columns.get, i32(4)))),
      ),
      to.set(
        add(args.to.get, mul(first.get, mul(args.toColumns.get, i32(4)))),
      ),
      copied.set(smaller(args.columns.get, args.toColumns.get)),
      loopWhile(
        greater(left.get, i32(0)),
        column.set(copied.get),
        loopWhile(
          atLeast(column.get, i32(4)),
          v128.store(to.get, v128.load(from.get)),
          from.add(16),
          to.add(16),
          column.add(-4),
        ),
        loopWhile(
          greater(column.get, i32(0)),
          storeI32(to.get, loadI32(from.get)),
          from.add(4),
          to.add(4),
          column.add(-1),
        ),
        from.add(mul(sub(args.columns.get, copied.get), i32(4))),
        column.set(sub(args.toColumns.get, copied.get)),
        loopWhile(
          greater(column.get, i32(0)),
          storeI32(to.get, i32(0)),
          to.add(4),
          column.add(-1),
        ),
        left.add(-1),
      ),
    ];
  });
}
