import {
  add,
  call,
  either,
  equal,
  greater,
  i32,
  less,
  loopUntilNot,
  mul,
  smaller,
  sub,
  when,
  zeroBytes,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { kernelFunction, PANEL } from "./_kernel.ts";

/**
 * Packs a matrix into panels of 8 columns: its rows lie as floats side by side,
 * or its columns do.
 */
export function pack(copyPanel: number, transpose: number): FunctionBuilder {
  return kernelFunction("pack", (f, args, chunk) => {
    const [tapRow, tap, from, to, left] = f.locals("i32", 5);
    return [
      left.set(sub(args.columns.get, mul(chunk.get, i32(PANEL)))),
      to.set(
        add(
          args.to.get,
          mul(
            mul(
              mul(args.tapRows.get, args.taps.get),
              mul(args.run.get, i32(4 * PANEL)),
            ),
            chunk.get,
          ),
        ),
      ),
      args.from.add(mul(mul(chunk.get, i32(PANEL)), args.columnStep.get)),
      tapRow.set(args.tapRows.get),
      loopUntilNot(
        greater(tapRow.get, i32(0)),
        from.set(args.from.get),
        tap.set(args.taps.get),
        loopUntilNot(
          greater(tap.get, i32(0)),
          either(
            equal(args.columnStep.get, i32(4)),
            call(
              copyPanel,
              from.get,
              args.rowStep.get,
              args.run.get,
              left.get,
              to.get,
            ),
            [
              when(
                less(left.get, i32(PANEL)),
                zeroBytes(to.get, mul(args.run.get, i32(4 * PANEL))),
              ),
              call(
                transpose,
                from.get,
                args.columnStep.get,
                smaller(left.get, i32(PANEL)),
                args.run.get,
                to.get,
                i32(4 * PANEL),
              ),
            ],
          ),
          to.add(mul(args.run.get, i32(4 * PANEL))),
          from.add(args.tapStep.get),
          tap.add(-1),
        ),
        args.from.add(args.tapRowStep.get),
        tapRow.add(-1),
      ),
    ];
  });
}
