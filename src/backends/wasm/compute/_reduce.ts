/** Sums over some dimensions, and softmax. */
import {
  add,
  type Code,
  greater,
  i32,
  less,
  type Local,
  loopWhile,
  mul,
  smaller,
  sub,
  v128,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { functionsOf } from "./_functions.ts";
import {
  eachBlock,
  eachColumn,
  kernelFunction,
  type Target,
} from "./_kernel.ts";

/** Vectors that are summed at once. */
const VECTORS = 4;

/** Combines a vector's lanes, so that each holds the result of all. */
function acrossLanes(x: Local, combine: (a: Code, b: Code) => Code): Code {
  const swap = (lanes: number[]) =>
    x.set(combine(x.get, v128.shuffle(x.get, x.get, lanes)));
  return [swap([2, 3, 0, 1]), swap([1, 0, 3, 2])];
}

/** The sum of each row. */
export function rowSums(): FunctionBuilder {
  return kernelFunction("rowSums", (f, args, chunk) => {
    const [row, end, from, to, count] = f.locals("i32", 5);
    const sums = f.locals("v128", VECTORS);
    const start = mul(row.get, args.columns.get);
    return [
      row.set(mul(chunk.get, args.chunkRows.get)),
      end.set(smaller(add(row.get, args.chunkRows.get), args.rows.get)),
      from.set(add(args.from.get, mul(start, i32(4)))),
      to.set(add(args.to.get, mul(row.get, i32(4)))),
      loopWhile(
        less(row.get, end.get),
        count.set(smaller(args.columns.get, sub(args.length.get, start))),
        sums.map((sum) => sum.set(v128.zero)),
        eachBlock(
          f,
          { columns: count, most: VECTORS },
          ({ offset, vectors, load }) =>
            Array.from(
              { length: vectors },
              (_, i) =>
                sums[i].set(
                  v128.add(sums[i].get, load(add(from.get, offset.get), i)),
                ),
            ),
        ),
        sums.slice(1).map((sum) => sums[0].set(v128.add(sums[0].get, sum.get))),
        acrossLanes(sums[0], v128.add),
        v128.storeLane(to.get, sums[0].get, 0),
        from.add(mul(args.columns.get, i32(4))),
        to.add(4),
        row.add(1),
      ),
    ];
  });
}

/** The sum of the rows of each matrix of a batch. */
export function middleSums(): FunctionBuilder {
  return kernelFunction("middleSums", (f, args, chunk) => {
    const [from, to, at, left, rowBytes] = f.locals("i32", 5);
    const sums = f.locals("v128", VECTORS);
    return [
      rowBytes.set(mul(args.columns.get, i32(4))),
      from.set(
        add(args.from.get, mul(chunk.get, mul(args.rows.get, rowBytes.get))),
      ),
      to.set(add(args.to.get, mul(chunk.get, rowBytes.get))),
      eachBlock(
        f,
        { columns: args.columns, most: VECTORS },
        ({ offset, vectors, load, store }) => {
          const all = (code: (i: number) => Code) =>
            Array.from({ length: vectors }, (_, i) => code(i));
          return [
            all((i) => sums[i].set(v128.zero)),
            at.set(add(from.get, offset.get)),
            left.set(args.rows.get),
            loopWhile(
              greater(left.get, i32(0)),
              all((i) => sums[i].set(v128.add(sums[i].get, load(at.get, i)))),
              at.add(rowBytes.get),
              left.add(-1),
            ),
            all((i) => store(add(to.get, offset.get), i, sums[i].get)),
          ];
        },
      ),
    ];
  });
}

/** eˣ of each value over the sum of those of its row, or the logarithm of that. */
export function softmax(
  target: Target,
  { isLog = false }: { readonly isLog?: boolean } = {},
): FunctionBuilder {
  const name = isLog ? "logSoftmax" : "softmax";
  return kernelFunction(name, (f, args, chunk) => {
    const functions = functionsOf(f, target);
    const [row, end, from, to] = f.locals("i32", 4);
    const [most, sum, x] = f.locals("v128", 3);
    const rowBytes = mul(args.columns.get, i32(4));
    return [
      functions.start,
      row.set(mul(chunk.get, args.chunkRows.get)),
      end.set(smaller(add(row.get, args.chunkRows.get), args.rows.get)),
      from.set(add(args.from.get, mul(row.get, rowBytes))),
      to.set(add(args.to.get, mul(row.get, rowBytes))),
      loopWhile(
        less(row.get, end.get),
        most.set(v128.splat(from.get)),
        // A NaN that this leaves out comes back with its power.
        eachColumn(f, args.columns, (offset, load) => [
          x.set(load(add(from.get, offset.get))),
          // A column that is left over goes into every lane.
          load === v128.load
            ? []
            : x.set(v128.shuffle(x.get, x.get, [0, 0, 0, 0])),
          most.set(v128.atLeastOf(most.get, x.get)),
        ]),
        acrossLanes(most, v128.atLeastOf),
        sum.set(v128.zero),
        eachColumn(f, args.columns, (offset, load, store, lanes) => [
          x.set(v128.sub(load(add(from.get, offset.get)), most.get)),
          isLog ? store(add(to.get, offset.get), x.get) : [],
          functions.exp(x),
          isLog ? [] : store(add(to.get, offset.get), x.get),
          sum.set(v128.add(sum.get, lanes(x.get))),
        ]),
        acrossLanes(sum, v128.add),
        isLog ? functions.log(sum) : [],
        eachColumn(f, args.columns, (offset, load, store) =>
          store(
            add(to.get, offset.get),
            (isLog ? v128.sub : v128.div)(
              load(add(to.get, offset.get)),
              sum.get,
            ),
          )),
        from.add(rowBytes),
        to.add(rowBytes),
        row.add(1),
      ),
    ];
  });
}
