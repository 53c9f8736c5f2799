import {
  add,
  atLeast,
  call,
  divide,
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
import { WIDE_COLUMNS, worthWide } from "./_wide_products.ts";
import { kernelFunction, PANEL, type Target, TILE_ROWS } from "./_kernel.ts";
import {
  HIGHEST,
  LOWEST,
  setRow,
  tileProductArguments,
} from "./_tile_products.ts";

/** The indices of the functions that the kernel calls. */
export interface TransposedFunctions {
  readonly products: number;
  readonly wide?: number;
  readonly copyPanel: number;
  readonly transpose: number;
}

/** Products whose left side is transposed. */
export function multiplyTransposed(
  target: Target,
  functions: TransposedFunctions,
): FunctionBuilder {
  return kernelFunction("multiplyTransposed", (f, args, chunk) => {
    const [group, from, rows, block, last, count, index] = f.locals("i32", 7);
    const secondPanel = f.local("i32");
    const [transposed, panel, rowBytes, out, tiles, left, d, write, bias] = f
      .locals("i32", 9);
    const columnBytes = mul(args.columns.get, i32(4));
    const runBytes = mul(args.run.get, i32(4));
    const copyPanel = (to: Local) =>
      call(
        functions.copyPanel,
        d.get,
        columnBytes,
        count.get,
        left.get,
        to.get,
      );
    const product = {
      tiles: tiles.get,
      readBase: transposed.get,
      writeBase: write.get,
      panel: panel.get,
      outer: i32(1),
      outerStep: i32(0),
      middle: i32(1),
      middleStep: i32(0),
      run: count.get,
      columns: left.get,
      bias: bias.get,
      lowest: i32(LOWEST),
      highest: i32(HIGHEST),
    };
    return [
      group.set(divide(chunk.get, args.runBlocks.get)),
      from.set(
        mul(remainder(chunk.get, args.runBlocks.get), args.runBlock.get),
      ),
      rows.set(smaller(args.runBlock.get, sub(args.run.get, from.get))),
      panel.set(
        add(args.scratch.get, mul(i32(target.thread), args.scratchBytes.get)),
      ),
      transposed.set(
        add(panel.get, mul(args.blockPixels.get, i32(8 * PANEL))),
      ),
      // An odd number of cache lines, as a power of two would share few sets.
      rowBytes.set(add(mul(args.blockPixels.get, i32(4)), i32(64))),
      out.set(
        add(
          args.out.get,
          mul(
            add(mul(group.get, args.run.get), from.get),
            columnBytes,
          ),
        ),
      ),
      tiles.set(divide(add(rows.get, i32(TILE_ROWS - 1)), i32(TILE_ROWS))),
      // Past the last row, the tiles repeat it.
      loopWhile(
        less(index.get, mul(tiles.get, i32(TILE_ROWS))),
        write.set(smaller(index.get, sub(rows.get, i32(1)))),
        setRow(
          target,
          {
            row: index.get,
            reads: mul(write.get, rowBytes.get),
            writes: mul(write.get, columnBytes),
          },
        ),
        index.add(1),
      ),
      block.set(mul(group.get, args.groupPixels.get)),
      last.set(smaller(add(block.get, args.groupPixels.get), args.pixels.get)),
      bias.set(args.zeros.get),
      loopWhile(
        less(block.get, last.get),
        count.set(smaller(args.blockPixels.get, sub(last.get, block.get))),
        call(
          functions.transpose,
          add(
            args.a.get,
            add(mul(block.get, runBytes), mul(from.get, i32(4))),
          ),
          runBytes,
          count.get,
          rows.get,
          transposed.get,
          rowBytes.get,
        ),
        d.set(add(args.d.get, mul(block.get, columnBytes))),
        write.set(out.get),
        left.set(args.columns.get),
        functions.wide === undefined ? [] : when(
          worthWide(count),
          loopWhile(
            atLeast(left.get, i32(WIDE_COLUMNS)),
            copyPanel(panel),
            d.add(4 * PANEL),
            secondPanel.set(
              add(panel.get, mul(count.get, i32(4 * PANEL))),
            ),
            copyPanel(secondPanel),
            d.add(4 * PANEL),
            call(
              functions.wide,
              ...tileProductArguments({
                ...product,
                columns: mul(count.get, i32(4 * PANEL)),
              }),
            ),
            write.add(4 * WIDE_COLUMNS),
            left.add(-WIDE_COLUMNS),
          ),
        ),
        loopWhile(
          greater(left.get, i32(0)),
          copyPanel(panel),
          d.add(4 * PANEL),
          call(functions.products, ...tileProductArguments(product)),
          write.add(4 * PANEL),
          left.add(-PANEL),
        ),
        // From now on, blocks add to what is there.
        bias.set(i32(0)),
        block.add(count.get),
      ),
    ];
  });
}
