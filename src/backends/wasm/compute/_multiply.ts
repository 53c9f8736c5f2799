import {
  add,
  atLeast,
  call,
  type Code,
  divide,
  equal,
  greater,
  i32,
  less,
  type Local,
  loopWhile,
  mul,
  remainder,
  smaller,
  sub,
  when,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { kernelFunction, PANEL, type Target, TILE_ROWS } from "./_kernel.ts";
import { WIDE_COLUMNS, worthWide } from "./_wide_products.ts";
import { setRow, tileProductArguments } from "./_tile_products.ts";

/**
 * Convolutions and matrix products.
 *
 * `products` is the index of {@linkcode tileProducts}, and `wide` that of
 * {@linkcode wideProducts}, where there is such a function.
 */
export function multiply(
  target: Target,
  { products, wide }: { readonly products: number; readonly wide?: number },
): FunctionBuilder {
  return kernelFunction("multiply", (f, args, chunk) => {
    const [first, count, index, column, row, at, write] = f.locals("i32", 7);
    const [panel, panelBytes, start, left, tiles] = f.locals("i32", 5);
    const [rowGap, imageGap, outRowGap, outImageGap] = f.locals("i32", 4);
    const offset = (columnStep: Local, rowStep: Local, imageStep: Local) =>
      add(
        mul(column.get, columnStep.get),
        add(
          mul(remainder(row.get, args.imageRows.get), rowStep.get),
          mul(divide(row.get, args.imageRows.get), imageStep.get),
        ),
      );
    const nextPixel: Code = [
      column.add(1),
      at.add(args.columnStep.get),
      write.add(args.outColumnStep.get),
      when(
        equal(column.get, args.rowPixels.get),
        column.set(i32(0)),
        at.add(rowGap.get),
        write.add(outRowGap.get),
        row.add(1),
        when(
          equal(row.get, args.imageRows.get),
          row.set(i32(0)),
          at.add(imageGap.get),
          write.add(outImageGap.get),
        ),
      ),
    ];
    const product = {
      tiles: tiles.get,
      readBase: args.a.get,
      writeBase: args.out.get,
      panel: panel.get,
      outer: args.outer.get,
      outerStep: args.outerStep.get,
      middle: args.middle.get,
      middleStep: args.middleStep.get,
      run: args.run.get,
      columns: left.get,
      bias: args.bias.get,
      lowest: args.lowest.get,
      highest: args.highest.get,
    };
    return [
      first.set(
        mul(divide(chunk.get, args.columnChunks.get), args.chunkPixels.get),
      ),
      count.set(
        smaller(args.chunkPixels.get, sub(args.pixels.get, first.get)),
      ),
      rowGap.set(
        sub(args.rowStep.get, mul(args.rowPixels.get, args.columnStep.get)),
      ),
      imageGap.set(
        sub(args.imageStep.get, mul(args.imageRows.get, args.rowStep.get)),
      ),
      column.set(remainder(first.get, args.rowPixels.get)),
      row.set(divide(first.get, args.rowPixels.get)),
      outRowGap.set(
        sub(
          args.outRowStep.get,
          mul(args.rowPixels.get, args.outColumnStep.get),
        ),
      ),
      outImageGap.set(
        sub(
          args.outImageStep.get,
          mul(args.imageRows.get, args.outRowStep.get),
        ),
      ),
      at.set(offset(args.columnStep, args.rowStep, args.imageStep)),
      write.set(
        offset(args.outColumnStep, args.outRowStep, args.outImageStep),
      ),
      row.set(remainder(row.get, args.imageRows.get)),
      tiles.set(
        divide(add(count.get, i32(TILE_ROWS - 1)), i32(TILE_ROWS)),
      ),
      // Past the last pixel, the tiles repeat it.
      loopWhile(
        less(index.get, mul(tiles.get, i32(TILE_ROWS))),
        setRow(target, { row: index.get, reads: at.get, writes: write.get }),
        index.add(1),
        when(less(index.get, count.get), nextPixel),
      ),
      panelBytes.set(
        mul(
          mul(mul(args.outer.get, args.middle.get), args.run.get),
          i32(4 * PANEL),
        ),
      ),
      start.set(
        mul(
          remainder(chunk.get, args.columnChunks.get),
          args.chunkColumns.get,
        ),
      ),
      left.set(
        smaller(args.chunkColumns.get, sub(args.columns.get, start.get)),
      ),
      panel.set(
        add(args.b.get, mul(divide(start.get, i32(PANEL)), panelBytes.get)),
      ),
      start.set(mul(start.get, i32(4))),
      args.bias.add(start.get),
      args.out.add(start.get),
      wide === undefined ? [] : when(
        worthWide(args.run),
        loopWhile(
          atLeast(left.get, i32(WIDE_COLUMNS)),
          call(
            wide,
            ...tileProductArguments({
              ...product,
              columns: panelBytes.get,
            }),
          ),
          panel.set(add(panel.get, mul(panelBytes.get, i32(2)))),
          args.bias.add(4 * WIDE_COLUMNS),
          args.out.add(4 * WIDE_COLUMNS),
          left.add(-WIDE_COLUMNS),
        ),
      ),
      loopWhile(
        greater(left.get, i32(0)),
        call(products, ...tileProductArguments(product)),
        panel.add(panelBytes.get),
        args.bias.add(4 * PANEL),
        args.out.add(4 * PANEL),
        left.add(-PANEL),
      ),
    ];
  });
}
