import {
  add,
  atLeast,
  call,
  type Code,
  divide,
  either,
  equal,
  greater,
  i32,
  less,
  loopUntilNot,
  loopWhile,
  mul,
  remainder,
  smaller,
  sub,
  v128,
  when,
  zeroBytes,
} from "./_assembler.ts";
import { FunctionBuilder } from "./_function_builder.ts";
import {
  kernelFunction,
  mulAdd,
  PANEL,
  type Target,
  TILE_ROWS,
} from "./_kernel.ts";

/**
 * One tile of a correlation over a block of rows: adds to `count` rows of 8
 * columns, or sets them where `fresh` is not 0. Parameters: a, d, out, rows,
 * rowPixels, columnStep, rowGap, dStep, outStep, fresh.
 */
export function correlateTile(target: Target, count: number): FunctionBuilder {
  const f = new FunctionBuilder(10);
  const [a, d, out, rows, rowPixels, columnStep, rowGap, dStep, outStep] =
    f.params;
  const fresh = f.params[9];
  const madd = mulAdd(target);
  const [pixelsLeft, address] = f.locals("i32", 2);
  const low = f.locals("v128", count);
  const high = f.locals("v128", count);
  const [d0, d1, value] = f.locals("v128", 3);
  const eachRow = (code: (i: number) => Code) => [
    address.set(out.get),
    low.map((_, i) => [code(i), address.add(outStep.get)]),
  ];
  const pixel = [
    d0.set(v128.load(d.get)),
    d1.set(v128.load(d.get, 16)),
    low.map((_, i) => [
      value.set(v128.splat(a.get, 4 * i)),
      low[i].set(madd(value.get, d0.get, low[i].get)),
      high[i].set(madd(value.get, d1.get, high[i].get)),
    ]),
    a.add(columnStep.get),
    d.add(dStep.get),
  ];
  return f.body(
    either(
      fresh.get,
      [...low, ...high].map((sum) => sum.set(v128.zero)),
      eachRow((i) => [
        low[i].set(v128.load(address.get)),
        high[i].set(v128.load(address.get, 16)),
      ]),
    ),
    loopUntilNot(
      greater(rows.get, i32(0)),
      pixelsLeft.set(rowPixels.get),
      loopWhile(
        atLeast(pixelsLeft.get, i32(4)),
        [pixel, pixel, pixel, pixel],
        pixelsLeft.add(-4),
      ),
      loopWhile(
        greater(pixelsLeft.get, i32(0)),
        pixel,
        pixelsLeft.add(-1),
      ),
      a.add(rowGap.get),
      rows.add(-1),
    ),
    eachRow((i) => [
      v128.store(address.get, low[i].get),
      v128.store(address.get, high[i].get, 16),
    ]),
  );
}

/**
 * Filter gradients, and products whose left side is transposed.
 *
 * `tiles[i]` is the index of the tile function for i + 1 rows.
 */
export function correlate(tiles: readonly number[]): FunctionBuilder {
  return kernelFunction("correlate", (f, args, chunk) => {
    const [group, image, lastImage, row, rows, tap, taps, r, from, to] = f
      .locals("i32", 10);
    const [outStep, rowGap, base, dBase, outBase, k, at, tileRows, out] = f
      .locals("i32", 9);
    const tileCall = (index: number) =>
      call(
        index,
        add(at.get, mul(r.get, i32(4))),
        add(dBase.get, k.get),
        add(add(outBase.get, k.get), mul(r.get, outStep.get)),
        rows.get,
        args.rowPixels.get,
        args.columnStep.get,
        rowGap.get,
        outStep.get,
        outStep.get,
        i32(0),
      );
    return [
      group.set(divide(chunk.get, args.runBlocks.get)),
      from.set(
        mul(remainder(chunk.get, args.runBlocks.get), args.runBlock.get),
      ),
      to.set(smaller(add(from.get, args.runBlock.get), args.run.get)),
      outStep.set(mul(args.columns.get, i32(4))),
      rowGap.set(
        sub(args.rowStep.get, mul(args.rowPixels.get, args.columnStep.get)),
      ),
      taps.set(mul(args.outer.get, args.middle.get)),
      out.set(
        add(
          args.out.get,
          mul(
            group.get,
            mul(mul(taps.get, args.run.get), outStep.get),
          ),
        ),
      ),
      tap.set(i32(0)),
      loopUntilNot(
        less(tap.get, taps.get),
        zeroBytes(
          add(
            out.get,
            mul(
              add(mul(tap.get, args.run.get), from.get),
              outStep.get,
            ),
          ),
          mul(sub(to.get, from.get), outStep.get),
        ),
        tap.add(1),
      ),
      image.set(mul(group.get, args.groupImages.get)),
      lastImage.set(
        smaller(add(image.get, args.groupImages.get), args.images.get),
      ),
      loopWhile(
        less(image.get, lastImage.get),
        row.set(i32(0)),
        loopUntilNot(
          less(row.get, args.imageRows.get),
          rows.set(
            smaller(args.blockRows.get, sub(args.imageRows.get, row.get)),
          ),
          base.set(
            add(
              args.a.get,
              add(
                mul(image.get, args.imageStep.get),
                mul(row.get, args.rowStep.get),
              ),
            ),
          ),
          dBase.set(
            add(
              args.d.get,
              mul(
                mul(
                  add(mul(image.get, args.imageRows.get), row.get),
                  args.rowPixels.get,
                ),
                outStep.get,
              ),
            ),
          ),
          tap.set(i32(0)),
          loopUntilNot(
            less(tap.get, taps.get),
            at.set(
              add(
                base.get,
                add(
                  mul(divide(tap.get, args.middle.get), args.outerStep.get),
                  mul(
                    remainder(tap.get, args.middle.get),
                    args.middleStep.get,
                  ),
                ),
              ),
            ),
            outBase.set(
              add(
                out.get,
                mul(mul(tap.get, args.run.get), outStep.get),
              ),
            ),
            k.set(i32(0)),
            loopUntilNot(
              less(k.get, outStep.get),
              r.set(from.get),
              loopUntilNot(
                less(r.get, to.get),
                tileRows.set(
                  smaller(sub(to.get, r.get), i32(TILE_ROWS)),
                ),
                tiles.map((index, i) =>
                  when(equal(tileRows.get, i32(i + 1)), tileCall(index))
                ),
                r.add(tileRows.get),
              ),
              k.add(4 * PANEL),
            ),
            tap.add(1),
          ),
          row.add(args.blockRows.get),
        ),
        image.add(1),
      ),
    ];
  });
}
