import {
  add,
  copyBytes,
  either,
  equal,
  greater,
  i32,
  loopWhile,
  mul,
  when,
  zeroBytes,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { kernelFunction } from "./_kernel.ts";

/** Places images into larger or smaller ones. */
export function place(): FunctionBuilder {
  return kernelFunction("place", (f, args, chunk) => {
    const [from, to, rowsLeft, columnsLeft, source, target, rowBytes] = f
      .locals("i32", 7);
    return [
      from.set(
        add(args.from.get, mul(chunk.get, args.imageStep.get)),
      ),
      to.set(add(args.to.get, mul(chunk.get, args.toImageBytes.get))),
      when(args.clear.get, zeroBytes(to.get, args.toImageBytes.get)),
      to.add(args.toFirst.get),
      rowBytes.set(mul(args.columns.get, args.pixelBytes.get)),
      rowsLeft.set(args.rows.get),
      loopWhile(
        greater(rowsLeft.get, i32(0)),
        either(
          equal(args.toColumnStep.get, args.pixelBytes.get),
          copyBytes(to.get, from.get, rowBytes.get),
          [
            source.set(from.get),
            target.set(to.get),
            columnsLeft.set(args.columns.get),
            loopWhile(
              greater(columnsLeft.get, i32(0)),
              copyBytes(target.get, source.get, args.pixelBytes.get),
              source.add(args.pixelBytes.get),
              target.add(args.toColumnStep.get),
              columnsLeft.add(-1),
            ),
          ],
        ),
        from.add(args.rowStep.get),
        to.add(args.toRowStep.get),
        rowsLeft.add(-1),
      ),
    ];
  });
}
