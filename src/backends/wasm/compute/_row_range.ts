/** Kernels whose chunks are ranges of rows. */
import {
  type Code,
  greater,
  i32,
  type Local,
  loopWhile,
  mul,
  smaller,
  sub,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import type { Arguments } from "./_kernel.ts";

type RowArguments = Pick<
  Arguments<"moments">,
  "rows" | "columns" | "chunkRows"
>;

/** The range of rows of a chunk. */
export function rowRange(
  f: FunctionBuilder,
  args: RowArguments,
  chunk: Local,
): { set: Code; count: Local; rowBytes: Local; skip: Local } {
  const [first, count, rowBytes, skip] = f.locals("i32", 4);
  const set: Code = [
    rowBytes.set(mul(args.columns.get, i32(4))),
    first.set(mul(chunk.get, args.chunkRows.get)),
    count.set(smaller(args.chunkRows.get, sub(args.rows.get, first.get))),
    skip.set(mul(first.get, rowBytes.get)),
  ];
  return { set, count, rowBytes, skip };
}

/** Runs code for each of `count` rows. */
export function eachRow(left: Local, count: Code, ...code: Code): Code {
  return [
    left.set(count),
    loopWhile(greater(left.get, i32(0)), code, left.add(-1)),
  ];
}
