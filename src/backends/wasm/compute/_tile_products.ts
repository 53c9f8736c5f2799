import {
  add,
  atLeast,
  type Code,
  either,
  greater,
  i32,
  loadI32,
  type Local,
  loopUntilNot,
  loopWhile,
  mul,
  storeI32,
  v128,
  when,
} from "./_assembler.ts";
import { FunctionBuilder } from "./_function_builder.ts";
import {
  mulAdd,
  PANEL,
  type Target,
  TILE_ROWS,
  WORKSPACE_BYTES,
} from "./_kernel.ts";
import { recordOf } from "../../../runtime/records.ts";

/** The most rows that one call multiplies. */
export const MOST_ROWS = 510;

/** The bits of infinity either way, between which nothing is cut off. */
export const LOWEST = 0xff800000;
export const HIGHEST = 0x7f800000;

const TABLE_BYTES = 4 * Math.ceil(MOST_ROWS / TILE_ROWS) * TILE_ROWS;

/** Where a thread's workspace holds the offsets of rows. */
export function rowTables({ workspace }: Target) {
  const writes = workspace + WORKSPACE_BYTES - TABLE_BYTES;
  return { reads: writes - TABLE_BYTES, writes };
}

/** Sets the entries of a row in both tables. */
export function setRow(
  target: Target,
  { row, reads, writes }: {
    readonly row: Code;
    readonly reads: Code;
    readonly writes: Code;
  },
): Code {
  const tables = rowTables(target);
  return [
    storeI32(mul(row, i32(4)), reads, tables.reads),
    storeI32(mul(row, i32(4)), writes, tables.writes),
  ];
}

/** Stores the first lanes of two vectors, as many as there are columns left. */
function storeColumns(
  address: Code,
  left: Local,
  [low, high]: [Local, Local],
): Code {
  const one = (column: number) =>
    when(
      greater(left.get, i32(column)),
      v128.storeLane(
        address,
        column < 4 ? low.get : high.get,
        column % 4,
        4 * column,
      ),
    );
  return either(
    atLeast(left.get, i32(PANEL)),
    [v128.store(address, low.get), v128.store(address, high.get, 16)],
    Array.from({ length: PANEL - 1 }, (_, column) => one(column)),
  );
}

/** The parameters of {@linkcode tileProducts} by name, in their order. */
export interface TileProductParams {
  /** How many tiles of six rows there are in the tables. */
  readonly tiles: Code;
  /** What the tables' entries count from. */
  readonly readBase: Code;
  readonly writeBase: Code;
  /** A packed panel of 8 columns. */
  readonly panel: Code;
  /** The inner terms: outer × middle runs of terms that lie side by side. */
  readonly outer: Code;
  readonly outerStep: Code;
  readonly middle: Code;
  readonly middleStep: Code;
  readonly run: Code;
  /** How many of the panel's columns are to be stored. */
  readonly columns: Code;
  /** The address of 8 biases, or 0 to add to what is there. */
  readonly bias: Code;
  /** The bits of the values at which results are cut off. */
  readonly lowest: Code;
  readonly highest: Code;
}

const NAMES: readonly (keyof TileProductParams)[] = [
  "tiles",
  "readBase",
  "writeBase",
  "panel",
  "outer",
  "outerStep",
  "middle",
  "middleStep",
  "run",
  "columns",
  "bias",
  "lowest",
  "highest",
];

/** The arguments of a call of {@linkcode tileProducts}. */
export function tileProductArguments(params: TileProductParams): Code[] {
  return NAMES.map((name) => params[name]);
}

/**
 * Rows, wherever they lie, times one packed panel: tiles of six rows by eight
 * columns are summed in registers. The rows' offsets come from the tables of the
 * workspace; in a last tile that is not full, a row is repeated.
 */
export function tileProducts(target: Target): FunctionBuilder {
  const f = new FunctionBuilder(NAMES.length);
  const p = recordOf(NAMES, (_, i) => f.params[i]);
  const madd = mulAdd(target);
  const tables = rowTables(target);
  const [at, weights, offset, rowOffset, outerLeft, middleLeft, left, address] =
    f.locals("i32", 8);
  const reads = f.locals("i32", TILE_ROWS);
  const low = f.locals("v128", TILE_ROWS);
  const high = f.locals("v128", TILE_ROWS);
  const [b0, b1, value, least, most] = f.locals("v128", 5);
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
    left.add(-count),
  ];
  const writeAddress = (i: number) =>
    address.set(
      add(p.writeBase.get, loadI32(at.get, tables.writes + 4 * i)),
    );
  return f.body(
    least.set(v128.splatI32(p.lowest.get)),
    most.set(v128.splatI32(p.highest.get)),
    loopUntilNot(
      greater(p.tiles.get, i32(0)),
      either(
        p.bias.get,
        [
          b0.set(v128.load(p.bias.get)),
          b1.set(v128.load(p.bias.get, 16)),
          low.map((sum) => sum.set(b0.get)),
          high.map((sum) => sum.set(b1.get)),
        ],
        low.map((sum, i) => [
          writeAddress(i),
          sum.set(v128.load(address.get)),
          high[i].set(v128.load(address.get, 16)),
        ]),
      ),
      weights.set(p.panel.get),
      rowOffset.set(p.readBase.get),
      outerLeft.set(p.outer.get),
      loopUntilNot(
        greater(outerLeft.get, i32(0)),
        offset.set(rowOffset.get),
        middleLeft.set(p.middle.get),
        loopUntilNot(
          greater(middleLeft.get, i32(0)),
          reads.map((read, i) =>
            read.set(add(offset.get, loadI32(at.get, tables.reads + 4 * i)))
          ),
          left.set(p.run.get),
          loopWhile(atLeast(left.get, i32(4)), steps(4)),
          loopWhile(greater(left.get, i32(0)), steps(1)),
          offset.set(add(offset.get, p.middleStep.get)),
          middleLeft.add(-1),
        ),
        rowOffset.set(add(rowOffset.get, p.outerStep.get)),
        outerLeft.add(-1),
      ),
      low.map((sum, i) => [
        writeAddress(i),
        sum.set(v128.min(v128.max(sum.get, least.get), most.get)),
        high[i].set(v128.min(v128.max(high[i].get, least.get), most.get)),
        storeColumns(address.get, p.columns, [sum, high[i]]),
      ]),
      at.add(4 * TILE_ROWS),
      p.tiles.add(-1),
    ),
  );
}
