import {
  add,
  atLeast,
  type Code,
  either,
  equal,
  greater,
  i32,
  less,
  loadI32,
  loopUntilNot,
  loopWhile,
  mul,
  smaller,
  sub,
  v128,
  when,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import {
  kernelFunction,
  mulAdd,
  PANEL,
  type Target,
  TILE_ROWS,
} from "./_kernel.ts";

/** The words of a product in the table: where a, b and the result lie. */
export const PRODUCT_WORDS = 3;

/** Many small matrix products, each by one thread from end to end. */
export function multiplyBatch(target: Target): FunctionBuilder {
  return kernelFunction("multiplyBatch", (f, args, chunk) => {
    const madd = mulAdd(target);
    const [product, left, column, row, last, k, panel] = f.locals("i32", 7);
    const [from, to, a, b, out, address] = f.locals("i32", 6);
    const [resultBytes, packed] = f.locals("i32", 2);
    const reads = f.locals("i32", TILE_ROWS);
    const low = f.locals("v128", TILE_ROWS);
    const high = f.locals("v128", TILE_ROWS);
    const [b0, b1, value] = f.locals("v128", 3);
    const sums = [...low, ...high];

    /** Packs eight columns of b from `column` on, zeros past the last one. */
    const pack: Code = [
      from.set(add(b.get, mul(column.get, args.bColumnStep.get))),
      to.set(packed.get),
      k.set(args.inner.get),
      loopUntilNot(
        greater(k.get, i32(0)),
        either(
          mul(
            atLeast(left.get, i32(PANEL)),
            equal(args.bColumnStep.get, i32(4)),
          ),
          [
            v128.store(to.get, v128.load(from.get)),
            v128.store(to.get, v128.load(from.get, 16), 16),
          ],
          [
            address.set(from.get),
            Array.from({ length: PANEL }, (_, lane) =>
              either(
                greater(left.get, i32(lane)),
                [
                  v128.storeLane(
                    to.get,
                    v128.loadOne(address.get),
                    0,
                    4 * lane,
                  ),
                  address.add(args.bColumnStep.get),
                ],
                v128.storeLane(to.get, v128.zero, 0, 4 * lane),
              )),
          ],
        ),
        from.add(args.bRowStep.get),
        to.add(4 * PANEL),
        k.add(-1),
      ),
    ];
    const step = (s: number, offset: number) => [
      b0.set(v128.load(panel.get, 32 * s)),
      b1.set(v128.load(panel.get, 32 * s + 16)),
      reads.map((read, i) => [
        value.set(v128.splat(read.get, offset)),
        low[i].set(madd(value.get, b0.get, low[i].get)),
        high[i].set(madd(value.get, b1.get, high[i].get)),
      ]),
    ];
    /** Sums over rows of a that lie one value after the other. */
    const alongRows: Code = [
      loopWhile(
        atLeast(k.get, i32(4)),
        [0, 1, 2, 3].map((s) => step(s, 4 * s)),
        panel.add(4 * 32),
        reads.map((read) => read.add(16)),
        k.add(-4),
      ),
    ];
    const oneByOne: Code = loopWhile(
      greater(k.get, i32(0)),
      step(0, 0),
      panel.add(32),
      reads.map((read) => read.add(args.aColumnStep.get)),
      k.add(-1),
    );
    const store: Code = low.map((_, i) =>
      when(
        less(add(row.get, i32(i)), args.rows.get),
        address.set(
          add(
            out.get,
            add(
              mul(add(row.get, i32(i)), resultBytes.get),
              mul(column.get, i32(4)),
            ),
          ),
        ),
        either(
          atLeast(left.get, i32(PANEL)),
          [
            v128.store(address.get, low[i].get),
            v128.store(address.get, high[i].get, 16),
          ],
          Array.from({ length: PANEL - 1 }, (_, lane) =>
            when(
              greater(left.get, i32(lane)),
              v128.storeLane(
                address.get,
                (lane < 4 ? low : high)[i].get,
                lane % 4,
                4 * lane,
              ),
            )),
        ),
      )
    );
    return [
      product.set(
        add(args.table.get, mul(chunk.get, i32(4 * PRODUCT_WORDS))),
      ),
      a.set(loadI32(product.get)),
      b.set(loadI32(product.get, 4)),
      out.set(loadI32(product.get, 8)),
      resultBytes.set(mul(args.columns.get, i32(4))),
      last.set(sub(args.rows.get, i32(1))),
      packed.set(
        add(
          args.scratch.get,
          mul(i32(target.thread), mul(args.inner.get, i32(4 * PANEL))),
        ),
      ),
      column.set(i32(0)),
      left.set(args.columns.get),
      loopUntilNot(
        greater(left.get, i32(0)),
        pack,
        row.set(i32(0)),
        loopUntilNot(
          less(row.get, args.rows.get),
          // Past the last row, tiles repeat it rather than branch.
          reads.map((read, i) =>
            read.set(
              add(
                a.get,
                mul(
                  smaller(add(row.get, i32(i)), last.get),
                  args.aRowStep.get,
                ),
              ),
            )
          ),
          sums.map((sum) => sum.set(v128.zero)),
          panel.set(packed.get),
          k.set(args.inner.get),
          when(equal(args.aColumnStep.get, i32(4)), alongRows),
          oneByOne,
          store,
          row.add(TILE_ROWS),
        ),
        column.add(PANEL),
        left.add(-PANEL),
      ),
    ];
  });
}
