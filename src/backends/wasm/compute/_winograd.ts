import {
  add,
  call,
  divide,
  equal,
  greater,
  i32,
  less,
  type Local,
  loopUntilNot,
  loopWhile,
  mul,
  shiftLeft,
  smaller,
  sub,
  when,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { kernelFunction, PANEL, type Target, TILE_ROWS } from "./_kernel.ts";
import { ofTile, type TiledImages, TileWalk } from "./_tile_walk.ts";
import { PATCH_ROWS } from "./_winograd_transform.ts";

/** The indices of the functions that the kernels call, for each tile. */
export interface WinogradFunctions {
  readonly input: readonly number[];
  readonly filter: readonly number[];
  readonly output: readonly number[];
  readonly outputGrad: readonly number[];
  readonly filterGrad: readonly number[];
  /** A block's rows times a panel. */
  readonly product: number;
  /** A tile of a correlation for i + 1 rows. */
  readonly correlate: readonly number[];
}

/** Transforms packed weights, which lie as taps of panels of channels. */
export function winogradFilter(functions: WinogradFunctions): FunctionBuilder {
  return kernelFunction("winogradFilter", (f, args, chunk) => {
    const [from, tapStep, rowStep] = f.locals("i32", 3);
    const rowsFrom = f.locals("i32", PATCH_ROWS);
    const panelBytes = (channels: Local) => mul(channels.get, i32(4 * PANEL));
    return [
      tapStep.set(panelBytes(args.taken)),
      rowStep.set(mul(args.taps.get, tapStep.get)),
      from.set(
        add(args.from.get, mul(chunk.get, mul(args.taps.get, rowStep.get))),
      ),
      rowsFrom.map((row) => [row.set(from.get), from.add(rowStep.get)]),
      ofTile(
        functions.filter,
        args.tile,
        ...rowsFrom.map((row) => row.get),
        tapStep.get,
        sub(shiftLeft(i32(1), args.taps.get), i32(1)),
        mul(args.taken.get, i32(PANEL / 4)),
        add(args.to.get, mul(chunk.get, panelBytes(args.channels))),
        args.planeStep.get,
      ),
    ];
  });
}

/** Winograd convolutions. */
export function winogradConvolve(
  target: Target,
  functions: WinogradFunctions,
): FunctionBuilder {
  return kernelFunction("winogradConvolve", (f, args, chunk) => {
    const walk = new TileWalk(f, args);
    const [operands, products] = f.locals("i32", 2);
    const [first, count, i, xi, a, b, c, y, x] = f.locals("i32", 9);
    const elements = f.local("i32");
    const images: TiledImages = {
      address: args.x,
      height: args.height,
      width: args.width,
      channels: args.channels,
      top: args.top.get,
      left: args.left.get,
    };
    const columnBytes = mul(args.columns.get, i32(4));
    return [
      elements.set(mul(args.size.get, args.size.get)),
      operands.set(
        add(args.scratch.get, mul(i32(target.thread), args.scratchBytes.get)),
      ),
      products.set(add(operands.get, mul(elements.get, args.operandStep.get))),
      first.set(mul(chunk.get, args.blockTiles.get)),
      count.set(
        smaller(args.blockTiles.get, sub(args.tiles.get, first.get)),
      ),
      walk.start(first.get),
      i.set(i32(0)),
      loopUntilNot(
        less(i.get, count.get),
        walk.transform(functions.input, images, args.size.get, [
          add(operands.get, mul(mul(i.get, args.channels.get), i32(4))),
          args.operandStep.get,
        ]),
        walk.next(),
        i.add(1),
      ),
      a.set(operands.get),
      b.set(args.u.get),
      c.set(products.get),
      xi.set(elements.get),
      loopUntilNot(
        greater(xi.get, i32(0)),
        call(
          functions.product,
          a.get,
          b.get,
          c.get,
          count.get,
          args.channels.get,
          args.panelColumns.get,
        ),
        a.add(args.operandStep.get),
        b.add(args.uStep.get),
        c.add(args.productStep.get),
        xi.add(-1),
      ),
      walk.start(first.get),
      i.set(i32(0)),
      loopUntilNot(
        less(i.get, count.get),
        y.set(mul(walk.row.get, args.outputs.get)),
        x.set(mul(walk.column.get, args.outputs.get)),
        ofTile(
          functions.output,
          args.tile,
          add(products.get, mul(mul(i.get, args.panelColumns.get), i32(4))),
          args.productStep.get,
          add(
            args.out.get,
            mul(
              add(
                mul(
                  add(mul(walk.image.get, args.outHeight.get), y.get),
                  args.outWidth.get,
                ),
                x.get,
              ),
              columnBytes,
            ),
          ),
          columnBytes,
          mul(args.outWidth.get, columnBytes),
          divide(args.columns.get, i32(4)),
          sub(args.outHeight.get, y.get),
          sub(args.outWidth.get, x.get),
          args.bias.get,
          args.lowest.get,
          args.highest.get,
        ),
        walk.next(),
        i.add(1),
      ),
    ];
  });
}

/** The products of Winograd filter gradients. */
export function winogradCorrelate(
  target: Target,
  functions: WinogradFunctions,
): FunctionBuilder {
  return kernelFunction("winogradCorrelate", (f, args, chunk) => {
    const walk = new TileWalk(f, args);
    const [operands, products] = f.locals("i32", 2);
    const [block, last, count, i, xi, r, rows, k] = f.locals("i32", 8);
    const [elements, out, sums, a, d] = f.locals("i32", 5);
    const images: TiledImages = {
      address: args.x,
      height: args.height,
      width: args.width,
      channels: args.channels,
      top: args.top.get,
      left: args.left.get,
    };
    const gradients: TiledImages = {
      address: args.d,
      height: args.outHeight,
      width: args.outWidth,
      channels: args.columns,
      top: i32(0),
      left: i32(0),
    };
    const channelBytes = mul(args.channels.get, i32(4));
    const columnBytes = mul(args.panelColumns.get, i32(4));
    return [
      elements.set(mul(args.size.get, args.size.get)),
      operands.set(
        add(args.scratch.get, mul(i32(target.thread), args.scratchBytes.get)),
      ),
      products.set(add(operands.get, mul(elements.get, args.operandStep.get))),
      out.set(
        add(args.out.get, mul(chunk.get, mul(elements.get, args.outStep.get))),
      ),
      block.set(mul(chunk.get, args.groupTiles.get)),
      last.set(smaller(add(block.get, args.groupTiles.get), args.tiles.get)),
      walk.start(block.get),
      loopWhile(
        less(block.get, last.get),
        count.set(smaller(args.blockTiles.get, sub(last.get, block.get))),
        i.set(i32(0)),
        loopUntilNot(
          less(i.get, count.get),
          walk.transform(functions.input, images, args.size.get, [
            add(operands.get, mul(i.get, channelBytes)),
            args.operandStep.get,
          ]),
          walk.transform(functions.outputGrad, gradients, args.outputs.get, [
            add(products.get, mul(i.get, columnBytes)),
            args.productStep.get,
          ]),
          walk.next(),
          i.add(1),
        ),
        xi.set(i32(0)),
        loopUntilNot(
          less(xi.get, elements.get),
          a.set(add(operands.get, mul(xi.get, args.operandStep.get))),
          d.set(add(products.get, mul(xi.get, args.productStep.get))),
          sums.set(add(out.get, mul(xi.get, args.outStep.get))),
          k.set(i32(0)),
          loopUntilNot(
            less(k.get, columnBytes),
            r.set(i32(0)),
            loopUntilNot(
              less(r.get, args.channels.get),
              rows.set(
                smaller(sub(args.channels.get, r.get), i32(TILE_ROWS)),
              ),
              functions.correlate.map((index, number) =>
                when(
                  equal(rows.get, i32(number + 1)),
                  call(
                    index,
                    add(a.get, mul(r.get, i32(4))),
                    add(d.get, k.get),
                    add(add(sums.get, k.get), mul(r.get, columnBytes)),
                    i32(1),
                    count.get,
                    channelBytes,
                    i32(0),
                    columnBytes,
                    columnBytes,
                    equal(block.get, mul(chunk.get, args.groupTiles.get)),
                  ),
                )
              ),
              r.add(rows.get),
            ),
            k.add(4 * PANEL),
          ),
          xi.add(1),
        ),
        block.add(count.get),
      ),
    ];
  });
}

/** Sums groups of products and transforms them to the filter's gradient. */
export function winogradFilterGrad(
  functions: WinogradFunctions,
): FunctionBuilder {
  return kernelFunction("winogradFilterGrad", (f, args, chunk) => {
    const [columnBytes, tapBytes] = f.locals("i32", 2);
    const panelBytes = mul(args.panelColumns.get, i32(4));
    return [
      columnBytes.set(mul(args.columns.get, i32(4))),
      tapBytes.set(mul(args.channels.get, columnBytes.get)),
      ofTile(
        functions.filterGrad,
        args.tile,
        add(args.from.get, mul(chunk.get, panelBytes)),
        args.planeStep.get,
        add(args.to.get, mul(chunk.get, columnBytes.get)),
        tapBytes.get,
        mul(args.taps.get, tapBytes.get),
        divide(args.columns.get, i32(4)),
        args.groups.get,
        args.groupStep.get,
      ),
    ];
  });
}
