import {
  add,
  either,
  type FunctionBuilder,
  greater,
  i32,
  loopUntilNot,
  mul,
  sub,
  v128,
} from "./_assembler.ts";
import { kernelFunction, PANEL } from "./_kernel.ts";

/** Packs a matrix into panels of 8 columns. */
export function pack(): FunctionBuilder {
  return kernelFunction("pack", (f, args, chunk) => {
    const [tap, from, to, left, runLeft, address] = f.locals("i32", 6);
    const scalar = (lane: number) =>
      either(
        greater(left.get, i32(lane)),
        [
          v128.storeLane(
            to.get,
            v128.loadOne(address.get),
            0,
            4 * lane,
          ),
          address.add(args.columnStep.get),
        ],
        v128.storeLane(to.get, v128.zero, 0, 4 * lane),
      );
    return [
      left.set(sub(args.columns.get, mul(chunk.get, i32(PANEL)))),
      to.set(
        add(
          args.to.get,
          mul(
            mul(mul(args.taps.get, args.run.get), i32(4 * PANEL)),
            chunk.get,
          ),
        ),
      ),
      args.from.add(mul(mul(chunk.get, i32(PANEL)), args.columnStep.get)),
      tap.set(args.taps.get),
      loopUntilNot(
        greater(tap.get, i32(0)),
        from.set(args.from.get),
        runLeft.set(args.run.get),
        loopUntilNot(
          greater(runLeft.get, i32(0)),
          address.set(from.get),
          Array.from({ length: PANEL }, (_, lane) => scalar(lane)),
          from.add(args.rowStep.get),
          to.add(4 * PANEL),
          runLeft.add(-1),
        ),
        args.from.add(args.tapStep.get),
        tap.add(-1),
      ),
    ];
  });
}
