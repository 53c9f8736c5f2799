import {
  add,
  atLeast,
  type Code,
  divide,
  either,
  equal,
  type FunctionBuilder,
  greater,
  i32,
  less,
  type Local,
  loopUntilNot,
  loopWhile,
  mul,
  remainder,
  smaller,
  sub,
  v128,
  when,
} from "./_assembler.ts";
import {
  kernelFunction,
  mulAdd,
  PANEL,
  type Target,
  TILE_ROWS,
} from "./_kernel.ts";

/** Stores the first lanes of two vectors, as many as there are columns left. */
function storeColumns(address: Local, left: Code, low: Local, high: Local) {
  const one = (column: number) =>
    when(
      greater(left, i32(column)),
      v128.storeLane(
        address.get,
        column < 4 ? low.get : high.get,
        column % 4,
        4 * column,
      ),
    );
  return either(
    atLeast(left, i32(PANEL)),
    [
      v128.store(address.get, low.get),
      v128.store(address.get, high.get, 16),
    ],
    Array.from({ length: PANEL - 1 }, (_, column) => one(column)),
  );
}

/** Convolutions and matrix products. */
export function multiply(target: Target): FunctionBuilder {
  return kernelFunction("multiply", (f, args, chunk) => {
    const madd = mulAdd(target);
    const [first, end, pixel, column, row, at, panel, left] = f.locals(
      "i32",
      8,
    );
    const [panelBytes, weights, outerLeft, middleLeft, runLeft, offset] = f
      .locals("i32", 6);
    const [rowGap, imageGap, address, outerOffset, atRow, atColumn, atImage] = f
      .locals("i32", 7);
    const starts = f.locals("i32", TILE_ROWS);
    const reads = f.locals("i32", TILE_ROWS);
    const low = f.locals("v128", TILE_ROWS);
    const high = f.locals("v128", TILE_ROWS);
    const [b0, b1, value, least, most, bias0, bias1] = f.locals("v128", 7);

    const step = (s: number) => [
      b0.set(v128.load(weights.get, 32 * s)),
      b1.set(v128.load(weights.get, 32 * s + 16)),
      reads.map((read, i) => [
        value.set(v128.splat(read.get, 4 * s)),
        low[i].set(madd(value.get, b0.get, low[i].get)),
        high[i].set(madd(value.get, b1.get, high[i].get)),
      ]),
    ];
    const steps = (count: number) => [
      Array.from({ length: count }, (_, s) => step(s)),
      weights.add(32 * count),
      reads.map((read) => read.add(4 * count)),
      runLeft.add(-count),
    ];
    const nextPixel = [
      column.add(1),
      at.add(args.columnStep.get),
      when(
        equal(column.get, args.rowPixels.get),
        column.set(i32(0)),
        at.add(rowGap.get),
        row.add(1),
        when(
          equal(row.get, args.imageRows.get),
          row.set(i32(0)),
          at.add(imageGap.get),
        ),
      ),
    ];
    return [
      first.set(mul(chunk.get, args.chunkPixels.get)),
      end.set(
        smaller(add(first.get, args.chunkPixels.get), args.pixels.get),
      ),
      least.set(v128.splatI32(args.lowest.get)),
      most.set(v128.splatI32(args.highest.get)),
      panelBytes.set(
        mul(
          mul(mul(args.outer.get, args.middle.get), args.run.get),
          i32(4 * PANEL),
        ),
      ),
      rowGap.set(
        sub(args.rowStep.get, mul(args.rowPixels.get, args.columnStep.get)),
      ),
      imageGap.set(
        sub(args.imageStep.get, mul(args.imageRows.get, args.rowStep.get)),
      ),
      atColumn.set(remainder(first.get, args.rowPixels.get)),
      atRow.set(divide(first.get, args.rowPixels.get)),
      atImage.set(divide(atRow.get, args.imageRows.get)),
      atRow.set(remainder(atRow.get, args.imageRows.get)),
      left.set(args.columns.get),
      panel.set(args.b.get),
      loopUntilNot(
        greater(left.get, i32(0)),
        bias0.set(v128.load(args.bias.get)),
        bias1.set(v128.load(args.bias.get, 16)),
        pixel.set(first.get),
        row.set(atRow.get),
        column.set(atColumn.get),
        at.set(
          add(
            args.a.get,
            add(
              mul(column.get, args.columnStep.get),
              add(
                mul(row.get, args.rowStep.get),
                mul(atImage.get, args.imageStep.get),
              ),
            ),
          ),
        ),
        loopUntilNot(
          less(pixel.get, end.get),
          // Past the last pixel, tiles repeat it rather than branch.
          starts.map((start, i) => [
            start.set(at.get),
            when(less(add(pixel.get, i32(i + 1)), end.get), nextPixel),
          ]),
          low.map((acc) => acc.set(bias0.get)),
          high.map((acc) => acc.set(bias1.get)),
          weights.set(panel.get),
          outerOffset.set(i32(0)),
          outerLeft.set(args.outer.get),
          loopUntilNot(
            greater(outerLeft.get, i32(0)),
            offset.set(outerOffset.get),
            middleLeft.set(args.middle.get),
            loopUntilNot(
              greater(middleLeft.get, i32(0)),
              reads.map((read, i) => read.set(add(starts[i].get, offset.get))),
              runLeft.set(args.run.get),
              loopWhile(atLeast(runLeft.get, i32(4)), steps(4)),
              loopWhile(greater(runLeft.get, i32(0)), steps(1)),
              offset.add(args.middleStep.get),
              middleLeft.add(-1),
            ),
            outerOffset.add(args.outerStep.get),
            outerLeft.add(-1),
          ),
          starts.map((_, i) => [
            address.set(
              add(
                args.out.get,
                mul(
                  mul(
                    smaller(
                      add(pixel.get, i32(i)),
                      sub(end.get, i32(1)),
                    ),
                    args.columns.get,
                  ),
                  i32(4),
                ),
              ),
            ),
            address.add(
              mul(sub(args.columns.get, left.get), i32(4)),
            ),
            low[i].set(v128.min(v128.max(low[i].get, least.get), most.get)),
            high[i].set(v128.min(v128.max(high[i].get, least.get), most.get)),
            storeColumns(address, left.get, low[i], high[i]),
          ]),
          pixel.add(TILE_ROWS),
        ),
        panel.add(panelBytes.get),
        args.bias.add(4 * PANEL),
        left.add(-PANEL),
      ),
    ];
  });
}
