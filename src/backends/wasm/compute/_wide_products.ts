/**
 * Products in a form that V8 turns into 256-bit instructions where it is started
 * with --experimental-wasm-revectorize: it joins two 128-bit instructions, if
 * their loads and stores lie side by side and no bounds check lies between them.
 * None does at constant addresses, so that blocks of the panels and the sums
 * pass through the thread's workspace. Without the flag, twenty-four sums are
 * too many for the sixteen registers.
 *
 * Sums are taken in the same order as by {@linkcode tileProducts}: the results
 * are the same, bit for bit.
 */

import {
  add,
  atLeast,
  call,
  type Code,
  either,
  equal,
  greater,
  i32,
  loadI32,
  type Local,
  loopUntilNot,
  loopWhile,
  mul,
  remainder,
  sub,
  v128,
  when,
} from "./_assembler.ts";
import { FunctionBuilder } from "./_function_builder.ts";
import { mulAdd, PANEL, type Target, TILE_ROWS } from "./_kernel.ts";
import { rowTables } from "./_tile_products.ts";

/** Columns of a wide tile: two panels. */
export const WIDE_COLUMNS = 2 * PANEL;

/** The numbers of terms that there is straight-line code for. */
export const WIDE_TERMS = [64, 32, 16, 8, 4] as const;

const VECTORS = WIDE_COLUMNS / 4;

/** Whether a run of terms is worth the way through the workspace. */
export function worthWide(run: Local): Code {
  return mul(
    equal(remainder(run.get, i32(WIDE_TERMS.at(-1)!)), i32(0)),
    atLeast(run.get, i32(16)),
  );
}

/**
 * Where the workspace holds the sums of a tile, a block of two panels, and the
 * sums of all tiles between one block and the next: side by side, as rows of the
 * result that lie a power of two apart would share few sets of the cache.
 */
function places({ workspace }: Target) {
  return {
    sums: workspace + 1024,
    block: workspace + 2048,
    partial: workspace + 8192,
  };
}

/** Where the sums of a block begin: at what is there, or at a bias. */
const FROM_PARTIAL = 0;
const FROM_RESULT = 1;
const FROM_BIAS = 2;

/**
 * Six rows at a time times a block of two panels in the workspace. Parameters:
 * tiles, what the tables' entries count from for reads and for writes, where
 * sums begin, the address of 16 biases, whether the sums are the results, the
 * bits of the lowest and the highest.
 */
export function wideBlock(target: Target, terms: number): FunctionBuilder {
  const f = new FunctionBuilder(8);
  const [tiles, readBase, writeBase, start, bias, last, lowest, highest] =
    f.params;
  const madd = mulAdd(target);
  const tables = rowTables(target);
  const { sums: sumsAt, block, partial } = places(target);
  const [at, address, tile] = f.locals("i32", 3);
  const reads = f.locals("i32", TILE_ROWS);
  const sums = f.locals("v128", TILE_ROWS * VECTORS);
  const b = f.locals("v128", VECTORS);
  const [value, least, most] = f.locals("v128", 3);
  const zero = i32(0);
  const eachVector = (code: (j: number, place: number) => Code) =>
    Array.from({ length: TILE_ROWS }, (_, row) => [
      address.set(
        add(writeBase.get, loadI32(at.get, tables.writes + 4 * row)),
      ),
      b.map((_, j) => code(j, sumsAt + 16 * (row * VECTORS + j))),
    ]);
  const partialSums = sums.map((_, i) => partial + 16 * i);
  return f.body(
    least.set(v128.splatI32(lowest.get)),
    most.set(v128.splatI32(highest.get)),
    loopUntilNot(
      greater(tiles.get, i32(0)),
      reads.map((read, i) =>
        read.set(add(readBase.get, loadI32(at.get, tables.reads + 4 * i)))
      ),
      either(
        equal(start.get, i32(FROM_BIAS)),
        [
          b.map((vector, j) => vector.set(v128.load(bias.get, 16 * j))),
          sums.map((_, i) =>
            v128.store(zero, b[i % VECTORS].get, sumsAt + 16 * i)
          ),
        ],
        either(
          equal(start.get, i32(FROM_RESULT)),
          eachVector((j, place) =>
            v128.store(zero, v128.load(address.get, 16 * j), place)
          ),
          partialSums.map((offset, i) =>
            v128.store(zero, v128.load(tile.get, offset), sumsAt + 16 * i)
          ),
        ),
      ),
      sums.map((sum, i) => sum.set(v128.load(zero, sumsAt + 16 * i))),
      Array.from({ length: terms }, (_, term) => [
        b.map((vector, j) =>
          vector.set(v128.load(zero, block + 16 * (VECTORS * term + j)))
        ),
        reads.map((read, i) => [
          value.set(v128.splat(read.get, 4 * term)),
          b.map((vector, j) => {
            const sum = sums[i * VECTORS + j];
            return sum.set(madd(value.get, vector.get, sum.get));
          }),
        ]),
      ]),
      sums.map((sum, i) => v128.store(zero, sum.get, sumsAt + 16 * i)),
      either(
        last.get,
        eachVector((j, place) =>
          v128.store(
            address.get,
            v128.min(v128.max(v128.load(zero, place), least.get), most.get),
            16 * j,
          )
        ),
        partialSums.map((offset, i) =>
          v128.store(tile.get, v128.load(zero, sumsAt + 16 * i), offset)
        ),
      ),
      at.add(4 * TILE_ROWS),
      tile.add(16 * sums.length),
      tiles.add(-1),
    ),
  );
}

/**
 * Rows times two packed panels, block by block. Parameters: those of
 * {@linkcode tileProducts} but for the number of columns, in whose place there
 * is the step to the second panel; the run is a multiple of 4.
 */
export function wideProducts(
  target: Target,
  blocks: readonly number[],
): FunctionBuilder {
  const f = new FunctionBuilder(13);
  const [tiles, readBase, writeBase, panel, outer, outerStep, middle] =
    f.params;
  const [middleStep, run, panelStep, bias, lowest, highest] = f.params.slice(7);
  const { block } = places(target);
  const [middleLeft, left, rowOffset, offset, read, terms, copied, to] = f
    .locals("i32", 8);
  const start = f.local("i32");
  const copyTerm = [
    [0, 16].map((byte) => [
      v128.store(to.get, v128.load(panel.get, byte), byte),
      v128.store(
        to.get,
        v128.load(add(panel.get, panelStep.get), byte),
        byte + 4 * PANEL,
      ),
    ]),
    panel.add(4 * PANEL),
    to.add(4 * WIDE_COLUMNS),
    copied.add(-1),
  ];
  const isLast = mul(
    equal(left.get, terms.get),
    mul(equal(middleLeft.get, i32(1)), equal(outer.get, i32(1))),
  );
  return f.body(
    rowOffset.set(readBase.get),
    start.set(i32(FROM_RESULT)),
    when(bias.get, start.set(i32(FROM_BIAS))),
    loopUntilNot(
      greater(outer.get, i32(0)),
      offset.set(rowOffset.get),
      middleLeft.set(middle.get),
      loopUntilNot(
        greater(middleLeft.get, i32(0)),
        read.set(offset.get),
        left.set(run.get),
        loopWhile(
          greater(left.get, i32(0)),
          terms.set(i32(WIDE_TERMS.at(-1)!)),
          WIDE_TERMS.toReversed().map((count) =>
            when(atLeast(left.get, i32(count)), terms.set(i32(count)))
          ),
          copied.set(terms.get),
          to.set(i32(block)),
          loopWhile(greater(copied.get, i32(0)), copyTerm),
          WIDE_TERMS.map((count, i) =>
            when(
              equal(terms.get, i32(count)),
              call(
                blocks[i],
                tiles.get,
                read.get,
                writeBase.get,
                start.get,
                bias.get,
                isLast,
                lowest.get,
                highest.get,
              ),
            )
          ),
          start.set(i32(FROM_PARTIAL)),
          read.set(add(read.get, mul(terms.get, i32(4)))),
          left.set(sub(left.get, terms.get)),
        ),
        offset.set(add(offset.get, middleStep.get)),
        middleLeft.add(-1),
      ),
      rowOffset.set(add(rowOffset.get, outerStep.get)),
      outer.add(-1),
    ),
  );
}
