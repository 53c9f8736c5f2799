/**
 * The compute kernels, assembled for the machine at hand: matrix products and
 * convolutions, their filter gradients, and the memory moves around them, over
 * the memory of tfjs's WASM backend and on any number of threads.
 *
 * A job is a kernel, its arguments and a number of chunks, which threads claim
 * one by one. How a job is cut depends on its shape alone, and no two chunks
 * write to the same place: results do not depend on the number of threads.
 */

import {
  add,
  atLeast,
  atomic,
  call,
  type Code,
  copyBytes,
  divide,
  either,
  encodeModule,
  equal,
  FunctionBuilder,
  greater,
  i32,
  larger,
  less,
  loadI32,
  type Local,
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

/** Rows of a tile: with 8 columns, all that fits into 16 vector registers. */
const TILE_ROWS = 6;
/** Columns of a tile, and the width of a packed panel. */
export const PANEL = 8;

/**
 * The arguments of each kernel, in their order in memory. Pointers, steps and
 * sizes named `…Step` and `…Bytes` are in bytes, other sizes in elements.
 */
export const kernelArguments = {
  /**
   * out[p, k] = clamp(bias[k] + Σ over outer, middle, run of
   * a[pixel(p) + …] · b[…, k]): convolutions and matrix products. A chunk is a
   * range of pixels.
   */
  multiply: [
    "a",
    "b",
    "out",
    "bias",
    "pixels",
    "chunkPixels",
    "rowPixels",
    "imageRows",
    "columnStep",
    "rowStep",
    "imageStep",
    "outer",
    "outerStep",
    "middle",
    "middleStep",
    "run",
    "columns",
    "lowest",
    "highest",
  ],
  /**
   * out[group, outer, middle, run, k] = Σ over the pixels of a group of images
   * of a[pixel + …] · d[pixel, k]: filter gradients, and products whose left
   * side is transposed. A chunk is a group of images and a range of the run.
   */
  correlate: [
    "a",
    "d",
    "out",
    "images",
    "groupImages",
    "imageRows",
    "rowPixels",
    "blockRows",
    "columnStep",
    "rowStep",
    "imageStep",
    "outer",
    "outerStep",
    "middle",
    "middleStep",
    "run",
    "runBlock",
    "runBlocks",
    "columns",
  ],
  /** out[p, c] = Σ over taps of a[pixel(p) + tap, c] · b[tap, c]. A chunk is an
   * image. */
  depthwise: [
    "a",
    "b",
    "out",
    "imageRows",
    "rowPixels",
    "columnStep",
    "rowStep",
    "imageStep",
    "outer",
    "outerStep",
    "middle",
    "middleStep",
    "channels",
  ],
  /** out[group, tap, c] = Σ over pixels of a[pixel + tap, c] · d[pixel, c]. A
   * chunk is a group of images. */
  correlateDepthwise: [
    "a",
    "d",
    "out",
    "images",
    "groupImages",
    "imageRows",
    "rowPixels",
    "columnStep",
    "rowStep",
    "imageStep",
    "outer",
    "outerStep",
    "middle",
    "middleStep",
    "channels",
  ],
  /** b as panels of 8 columns, the rest of the last one zero. A chunk a panel. */
  pack: [
    "from",
    "to",
    "taps",
    "tapStep",
    "run",
    "rowStep",
    "columns",
    "columnStep",
  ],
  /** Places images into larger, zeroed (or smaller) ones. A chunk an image. */
  place: [
    "from",
    "to",
    "imageStep",
    "rowStep",
    "rows",
    "columns",
    "pixelBytes",
    "toImageBytes",
    "toRowStep",
    "toColumnStep",
    "toFirst",
  ],
  /** Sums ranges of rows, column by column. A chunk is a range of rows. */
  sumRows: ["from", "to", "rows", "columns", "chunkRows"],
  /** Gradients of pooling. A chunk is an image. */
  maxPoolGrad: [
    "x",
    "dy",
    "dx",
    "height",
    "width",
    "channels",
    "outHeight",
    "outWidth",
    "filterHeight",
    "filterWidth",
    "strideHeight",
    "strideWidth",
    "top",
    "left",
  ],
  avgPoolGrad: [
    "dy",
    "dx",
    "height",
    "width",
    "channels",
    "outHeight",
    "outWidth",
    "filterHeight",
    "filterWidth",
    "strideHeight",
    "strideWidth",
    "top",
    "left",
    "scale",
  ],
} as const;

/** The name of a compute kernel. */
export type ComputeKernel = keyof typeof kernelArguments;

/** The arguments of a compute kernel by name. */
export type KernelArguments<Kernel extends ComputeKernel> = Record<
  typeof kernelArguments[Kernel][number],
  number
>;

const kernelNames = Object.keys(kernelArguments) as ComputeKernel[];

/** The number by which a job names its kernel. */
export function kernelNumber(kernel: ComputeKernel): number {
  return kernelNames.indexOf(kernel);
}

/** Where a job lies in its block of memory, in bytes. */
export const job = {
  /** Changes with every job; workers sleep on it. */
  generation: 0,
  /** 1 while chunks may be claimed. */
  open: 4,
  /** The next chunk to claim. */
  next: 8,
  chunks: 12,
  /** How many workers are looking at the job. */
  active: 16,
  kernel: 20,
  arguments: 32,
  size: 160,
} as const;

interface Target {
  /** Whether the processor's fused multiply-add may be used. */
  readonly fused: boolean;
  /** Whether the memory is shared between threads. */
  readonly shared: boolean;
}

type Arguments<Kernel extends ComputeKernel> = Record<
  typeof kernelArguments[Kernel][number],
  Local
>;

/**
 * A kernel's function: it takes the address of its arguments and the chunk, and
 * starts with each argument in a local of its own.
 */
function kernelFunction<Kernel extends ComputeKernel>(
  kernel: Kernel,
  write: (f: FunctionBuilder, args: Arguments<Kernel>, chunk: Local) => Code,
): FunctionBuilder {
  const f = new FunctionBuilder(2);
  const [base, chunk] = f.params;
  const names: readonly string[] = kernelArguments[kernel];
  const args = Object.fromEntries(
    names.map((name) => [name, f.local("i32")]),
  ) as Arguments<Kernel>;
  const load = names.map((name, i) =>
    args[name as keyof Arguments<Kernel>].set(loadI32(base.get, 4 * i))
  );
  return f.body(load, write(f, args, chunk));
}

function mulAdd({ fused }: Target): (a: Code, b: Code, c: Code) => Code {
  return fused ? v128.fusedMulAdd : (a, b, c) => v128.add(v128.mul(a, b), c);
}

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

function multiply(target: Target): FunctionBuilder {
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

/**
 * One tile of a correlation over a block of rows: adds to `count` rows of 8
 * columns. Parameters: a, d, out, rows, rowPixels, columnStep, rowGap, dStep,
 * outStep.
 */
function correlateTile(target: Target, count: number): FunctionBuilder {
  const f = new FunctionBuilder(9);
  const [a, d, out, rows, rowPixels, columnStep, rowGap, dStep, outStep] =
    f.params;
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
    eachRow((i) => [
      low[i].set(v128.load(address.get)),
      high[i].set(v128.load(address.get, 16)),
    ]),
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

/** `tiles[i]` is the index of the tile function for i + 1 rows. */
function correlate(tiles: readonly number[]): FunctionBuilder {
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

function pack(): FunctionBuilder {
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

function place(): FunctionBuilder {
  return kernelFunction("place", (f, args, chunk) => {
    const [from, to, rowsLeft, columnsLeft, source, target, rowBytes] = f
      .locals("i32", 7);
    return [
      from.set(
        add(args.from.get, mul(chunk.get, args.imageStep.get)),
      ),
      to.set(add(args.to.get, mul(chunk.get, args.toImageBytes.get))),
      zeroBytes(to.get, args.toImageBytes.get),
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

/** Runs code for every four columns, then for each one that is left. */
function eachColumn(
  f: FunctionBuilder,
  columns: Local,
  code: (
    offset: Local,
    load: (address: Code) => Code,
    store: (address: Code, value: Code) => Code,
  ) => Code,
): Code {
  const [offset, left] = f.locals("i32", 2);
  const one = (address: Code, value: Code) => v128.storeLane(address, value, 0);
  return [
    offset.set(i32(0)),
    left.set(columns.get),
    loopWhile(
      atLeast(left.get, i32(4)),
      code(offset, v128.load, v128.store),
      offset.add(16),
      left.add(-4),
    ),
    loopWhile(
      greater(left.get, i32(0)),
      code(offset, v128.loadOne, one),
      offset.add(4),
      left.add(-1),
    ),
  ];
}

function depthwise(target: Target): FunctionBuilder {
  return kernelFunction("depthwise", (f, args, chunk) => {
    const madd = mulAdd(target);
    const [image, out, row, column, pixel, channelBytes] = f.locals("i32", 6);
    const [outerLeft, middleLeft, rowAt, at, weight] = f.locals("i32", 5);
    const sum = f.local("v128");
    return [
      channelBytes.set(mul(args.channels.get, i32(4))),
      image.set(add(args.a.get, mul(chunk.get, args.imageStep.get))),
      out.set(
        add(
          args.out.get,
          mul(
            chunk.get,
            mul(
              mul(args.imageRows.get, args.rowPixels.get),
              channelBytes.get,
            ),
          ),
        ),
      ),
      row.set(i32(0)),
      loopUntilNot(
        less(row.get, args.imageRows.get),
        pixel.set(image.get),
        column.set(i32(0)),
        loopUntilNot(
          less(column.get, args.rowPixels.get),
          eachColumn(f, args.channels, (offset, load, store) => [
            sum.set(v128.zero),
            weight.set(add(args.b.get, offset.get)),
            rowAt.set(add(pixel.get, offset.get)),
            outerLeft.set(args.outer.get),
            loopUntilNot(
              greater(outerLeft.get, i32(0)),
              at.set(rowAt.get),
              middleLeft.set(args.middle.get),
              loopUntilNot(
                greater(middleLeft.get, i32(0)),
                sum.set(madd(load(at.get), load(weight.get), sum.get)),
                at.add(args.middleStep.get),
                weight.add(channelBytes.get),
                middleLeft.add(-1),
              ),
              rowAt.add(args.outerStep.get),
              outerLeft.add(-1),
            ),
            store(add(out.get, offset.get), sum.get),
          ]),
          out.add(channelBytes.get),
          pixel.add(args.columnStep.get),
          column.add(1),
        ),
        image.add(args.rowStep.get),
        row.add(1),
      ),
    ];
  });
}

function correlateDepthwise(target: Target): FunctionBuilder {
  return kernelFunction("correlateDepthwise", (f, args, chunk) => {
    const madd = mulAdd(target);
    const [channelBytes, imageBytes, image, last, out, base, dBase] = f.locals(
      "i32",
      7,
    );
    const [tapRow, tapColumn, to, row, column, rowAt, at, d] = f.locals(
      "i32",
      8,
    );
    const sum = f.local("v128");
    return [
      channelBytes.set(mul(args.channels.get, i32(4))),
      imageBytes.set(
        mul(mul(args.imageRows.get, args.rowPixels.get), channelBytes.get),
      ),
      out.set(
        add(
          args.out.get,
          mul(
            chunk.get,
            mul(mul(args.outer.get, args.middle.get), channelBytes.get),
          ),
        ),
      ),
      zeroBytes(
        out.get,
        mul(mul(args.outer.get, args.middle.get), channelBytes.get),
      ),
      image.set(mul(chunk.get, args.groupImages.get)),
      last.set(
        smaller(add(image.get, args.groupImages.get), args.images.get),
      ),
      loopWhile(
        less(image.get, last.get),
        dBase.set(add(args.d.get, mul(image.get, imageBytes.get))),
        to.set(out.get),
        tapRow.set(i32(0)),
        loopUntilNot(
          less(tapRow.get, args.outer.get),
          tapColumn.set(i32(0)),
          loopUntilNot(
            less(tapColumn.get, args.middle.get),
            base.set(
              add(
                add(args.a.get, mul(image.get, args.imageStep.get)),
                add(
                  mul(tapRow.get, args.outerStep.get),
                  mul(tapColumn.get, args.middleStep.get),
                ),
              ),
            ),
            eachColumn(f, args.channels, (offset, load, store) => [
              sum.set(load(add(to.get, offset.get))),
              rowAt.set(add(base.get, offset.get)),
              d.set(add(dBase.get, offset.get)),
              row.set(i32(0)),
              loopUntilNot(
                less(row.get, args.imageRows.get),
                at.set(rowAt.get),
                column.set(i32(0)),
                loopUntilNot(
                  less(column.get, args.rowPixels.get),
                  sum.set(madd(load(at.get), load(d.get), sum.get)),
                  at.add(args.columnStep.get),
                  d.add(channelBytes.get),
                  column.add(1),
                ),
                rowAt.add(args.rowStep.get),
                row.add(1),
              ),
              store(add(to.get, offset.get), sum.get),
            ]),
            to.add(channelBytes.get),
            tapColumn.add(1),
          ),
          tapRow.add(1),
        ),
        image.add(1),
      ),
    ];
  });
}

function sumRows(): FunctionBuilder {
  return kernelFunction("sumRows", (f, args, chunk) => {
    const [first, count, from, to, at, rowsLeft, rowBytes] = f.locals("i32", 7);
    const sum = f.local("v128");
    return [
      rowBytes.set(mul(args.columns.get, i32(4))),
      first.set(mul(chunk.get, args.chunkRows.get)),
      count.set(
        smaller(args.chunkRows.get, sub(args.rows.get, first.get)),
      ),
      from.set(add(args.from.get, mul(first.get, rowBytes.get))),
      to.set(add(args.to.get, mul(chunk.get, rowBytes.get))),
      eachColumn(f, args.columns, (offset, load, store) => [
        sum.set(v128.zero),
        at.set(add(from.get, offset.get)),
        rowsLeft.set(count.get),
        loopWhile(
          greater(rowsLeft.get, i32(0)),
          sum.set(v128.add(sum.get, load(at.get))),
          at.add(rowBytes.get),
          rowsLeft.add(-1),
        ),
        store(add(to.get, offset.get), sum.get),
      ]),
    ];
  });
}

type PoolArguments = Arguments<"avgPoolGrad"> | Arguments<"maxPoolGrad">;

/** What one window of a pooling covers, for the gradients' loops. */
interface Window {
  /** Runs code for each pixel, with its offset from the image's start. */
  eachPixel(code: (offset: Local) => Code): Code;
  readonly dy: Local;
  readonly dx: Local;
  /** The offset of the current image in bytes. */
  readonly image: Local;
}

function poolGrad(
  f: FunctionBuilder,
  args: PoolArguments,
  chunk: Local,
  code: (window: Window) => Code,
): Code {
  const [pixelBytes, rowBytes, imageBytes, image, dy, dx] = f.locals("i32", 6);
  const [oy, ox, x0, x1, y0, y1, y, x, rowAt, pixelAt] = f.locals("i32", 10);
  const window: Window = {
    dy,
    dx,
    image,
    eachPixel: (code) => [
      y.set(y0.get),
      rowAt.set(
        add(mul(y0.get, rowBytes.get), mul(x0.get, pixelBytes.get)),
      ),
      loopWhile(
        less(y.get, y1.get),
        x.set(x0.get),
        pixelAt.set(rowAt.get),
        loopWhile(
          less(x.get, x1.get),
          code(pixelAt),
          pixelAt.add(pixelBytes.get),
          x.add(1),
        ),
        rowAt.add(rowBytes.get),
        y.add(1),
      ),
    ],
  };
  const clip = (
    from: Local,
    to: Local,
    out: Local,
    stride: Local,
    before: Local,
    taps: Local,
    size: Local,
  ) => [
    from.set(sub(mul(out.get, stride.get), before.get)),
    to.set(smaller(add(from.get, taps.get), size.get)),
    from.set(larger(from.get, i32(0))),
  ];
  return [
    pixelBytes.set(mul(args.channels.get, i32(4))),
    rowBytes.set(mul(args.width.get, pixelBytes.get)),
    imageBytes.set(mul(args.height.get, rowBytes.get)),
    image.set(mul(chunk.get, imageBytes.get)),
    dx.set(add(args.dx.get, image.get)),
    zeroBytes(dx.get, imageBytes.get),
    dy.set(
      add(
        args.dy.get,
        mul(
          chunk.get,
          mul(
            mul(args.outHeight.get, args.outWidth.get),
            pixelBytes.get,
          ),
        ),
      ),
    ),
    oy.set(i32(0)),
    loopUntilNot(
      less(oy.get, args.outHeight.get),
      clip(
        y0,
        y1,
        oy,
        args.strideHeight,
        args.top,
        args.filterHeight,
        args.height,
      ),
      ox.set(i32(0)),
      loopUntilNot(
        less(ox.get, args.outWidth.get),
        clip(
          x0,
          x1,
          ox,
          args.strideWidth,
          args.left,
          args.filterWidth,
          args.width,
        ),
        code(window),
        dy.add(pixelBytes.get),
        ox.add(1),
      ),
      oy.add(1),
    ),
  ];
}

const MINUS_INFINITY = 0xff800000;

function maxPoolGrad(): FunctionBuilder {
  return kernelFunction("maxPoolGrad", (f, args, chunk) => {
    const [index, from] = f.locals("i32", 2);
    const [largest, where, value, mask, gradient] = f.locals("v128", 5);
    return poolGrad(f, args, chunk, ({ dy, dx, image, eachPixel }) => [
      from.set(add(args.x.get, image.get)),
      eachColumn(f, args.channels, (offset, load, store) => [
        largest.set(v128.splatI32(i32(MINUS_INFINITY))),
        where.set(v128.splatI32(i32(-1))),
        index.set(i32(0)),
        eachPixel((pixel) => [
          value.set(load(add(add(from.get, pixel.get), offset.get))),
          mask.set(v128.greater(value.get, largest.get)),
          largest.set(v128.select(value.get, largest.get, mask.get)),
          where.set(
            v128.select(v128.splatI32(index.get), where.get, mask.get),
          ),
          index.add(1),
        ]),
        gradient.set(load(add(dy.get, offset.get))),
        index.set(i32(0)),
        eachPixel((pixel) => [
          mask.set(v128.equalI32(where.get, v128.splatI32(index.get))),
          store(
            add(add(dx.get, pixel.get), offset.get),
            v128.add(
              load(add(add(dx.get, pixel.get), offset.get)),
              v128.and(gradient.get, mask.get),
            ),
          ),
          index.add(1),
        ]),
      ]),
    ]);
  });
}

function avgPoolGrad(): FunctionBuilder {
  return kernelFunction("avgPoolGrad", (f, args, chunk) => {
    const gradient = f.local("v128");
    return poolGrad(f, args, chunk, ({ dy, dx, eachPixel }) => [
      eachColumn(f, args.channels, (offset, load, store) => [
        gradient.set(
          v128.mul(
            load(add(dy.get, offset.get)),
            v128.splatI32(args.scale.get),
          ),
        ),
        eachPixel((pixel) =>
          store(
            add(add(dx.get, pixel.get), offset.get),
            v128.add(
              load(add(add(dx.get, pixel.get), offset.get)),
              gradient.get,
            ),
          )
        ),
      ]),
    ]);
  });
}

/** Claims the chunks of the open job until none is left. */
function claim(target: Target, kernels: readonly number[]): FunctionBuilder {
  const f = new FunctionBuilder(1);
  const [base] = f.params;
  const [chunk, kernel] = f.locals("i32", 2);
  const next = target.shared
    ? chunk.set(atomic.fetchAdd(base.get, i32(1), job.next))
    : [chunk.set(loadI32(base.get, job.next)), [
      base.get,
      add(chunk.get, i32(1)),
      [0x36, 2, job.next],
    ]];
  return f.body(
    kernel.set(loadI32(base.get, job.kernel)),
    next,
    loopWhile(
      less(chunk.get, loadI32(base.get, job.chunks)),
      kernels.map((index, number) =>
        when(
          equal(kernel.get, i32(number)),
          call(index, add(base.get, i32(job.arguments)), chunk.get),
        )
      ),
      next,
    ),
  );
}

/** How often a thread looks again before it sleeps, some tens of µs. */
const SPINS = 20_000;

/** A worker thread's life: sleep until there is a job, help with it. */
function work(claimIndex: number): FunctionBuilder {
  const f = new FunctionBuilder(1);
  const [base] = f.params;
  const [seen, spins] = f.locals("i32", 2);
  return f.body(
    loopUntilNot(
      i32(1),
      seen.set(atomic.load(base.get, job.generation)),
      // A worker announces itself before it looks whether the job is still
      // open, so that the caller cannot replace the job under it.
      atomic.fetchAdd(base.get, i32(1), job.active),
      [0x1a],
      when(
        atomic.load(base.get, job.open),
        call(claimIndex, base.get),
      ),
      atomic.fetchAdd(base.get, i32(-1), job.active),
      [0x1a],
      atomic.notify(base.get, job.active),
      spins.set(i32(SPINS)),
      loopWhile(
        mul(
          equal(atomic.load(base.get, job.generation), seen.get),
          greater(spins.get, i32(0)),
        ),
        spins.add(-1),
      ),
      atomic.wait(base.get, seen.get, job.generation),
    ),
  );
}

/** The caller's part: opens the job, helps, and waits until all have left. */
function lead(claimIndex: number): FunctionBuilder {
  const f = new FunctionBuilder(1);
  const [base] = f.params;
  const [active, spins] = f.locals("i32", 2);
  const settled = [
    active.set(atomic.load(base.get, job.active)),
    active.get,
  ];
  return f.body(
    atomic.store(base.get, i32(1), job.open),
    atomic.fetchAdd(base.get, i32(1), job.generation),
    [0x1a],
    atomic.notify(base.get, job.generation),
    call(claimIndex, base.get),
    atomic.store(base.get, i32(0), job.open),
    spins.set(i32(SPINS)),
    loopWhile(
      mul(
        [settled, i32(0), 0x47],
        greater(spins.get, i32(0)),
      ),
      spins.add(-1),
    ),
    loopWhile(
      settled,
      atomic.wait(base.get, active.get, job.active),
    ),
  );
}

/**
 * Assembles the module. It imports `env.memory` and exports, each with the
 * address of a job: `claim` to run it on this thread alone and, over shared
 * memory, `lead` to run it together with the threads that are in `work`.
 */
export function assembleComputeModule(target: Target): Uint8Array<ArrayBuffer> {
  const functions: FunctionBuilder[] = [];
  const define = (f: FunctionBuilder) => functions.push(f) - 1;
  const tiles = Array.from(
    { length: TILE_ROWS },
    (_, i) => define(correlateTile(target, i + 1)),
  );
  const kernels: Record<ComputeKernel, FunctionBuilder> = {
    multiply: multiply(target),
    correlate: correlate(tiles),
    depthwise: depthwise(target),
    correlateDepthwise: correlateDepthwise(target),
    pack: pack(),
    place: place(),
    sumRows: sumRows(),
    maxPoolGrad: maxPoolGrad(),
    avgPoolGrad: avgPoolGrad(),
  };
  const indices = kernelNames.map((name) => define(kernels[name]));
  const claimIndex = define(claim(target, indices));
  const exported: Record<string, number> = { claim: claimIndex };
  if (target.shared) {
    exported.work = define(work(claimIndex));
    exported.lead = define(lead(claimIndex));
  }
  return encodeModule(functions, exported, target.shared);
}
