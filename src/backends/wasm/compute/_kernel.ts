/** What the compute kernels share: how they start, and their loops. */

import {
  atLeast,
  type Code,
  greater,
  i32,
  loadI32,
  type Local,
  loopWhile,
  v128,
} from "./_assembler.ts";
import { FunctionBuilder } from "./_function_builder.ts";
import { recordOf } from "../../../runtime/records.ts";
import { type ComputeKernel, kernelArguments } from "./_kernel_arguments.ts";

/** Rows of a tile: with 8 columns, all that fits into 16 vector registers. */
export const TILE_ROWS = 6;
/** Columns of a tile, and the width of a packed panel. */
export const PANEL = 8;

/** What the module is assembled for. */
export interface Target {
  /** Whether the processor's fused multiply-add may be used. */
  readonly fused: boolean;
  /** Whether V8 makes 256-bit instructions of pairs of 128-bit ones. */
  readonly wide: boolean;
  /** Whether the memory is shared between threads. */
  readonly shared: boolean;
  /** How many pages the memory has at least. */
  readonly pages: number;
  /** The number of the thread that runs the module; the calling one is 0. */
  readonly thread: number;
  /**
   * The address of {@linkcode WORKSPACE_BYTES} that are the thread's own. It is
   * a constant of the module, as V8 checks no access at a constant address.
   */
  readonly workspace: number;
}

/** The size of a thread's workspace. */
export const WORKSPACE_BYTES = 49_152;

/** The arguments of a kernel as locals of its function. */
export type Arguments<Kernel extends ComputeKernel> = Record<
  typeof kernelArguments[Kernel][number],
  Local
>;

/**
 * A kernel's function: it takes the address of its arguments and the chunk, and
 * starts with each argument in a local of its own.
 */
export function kernelFunction<Kernel extends ComputeKernel>(
  kernel: Kernel,
  write: (f: FunctionBuilder, args: Arguments<Kernel>, chunk: Local) => Code,
): FunctionBuilder {
  const f = new FunctionBuilder(2);
  const [base, chunk] = f.params;
  const names: readonly typeof kernelArguments[Kernel][number][] =
    kernelArguments[kernel];
  const args = recordOf(names, () => f.local("i32"));
  const load = names.map((name, i) => args[name].set(loadI32(base.get, 4 * i)));
  return f.body(load, write(f, args, chunk));
}

/** a · b + c, rounded once where the processor can. */
export function mulAdd({ fused }: Target): (a: Code, b: Code, c: Code) => Code {
  return fused ? v128.fusedMulAdd : (a, b, c) => v128.add(v128.mul(a, b), c);
}

/** Runs code for every four columns, then for each one that is left. */
export function eachColumn(
  f: FunctionBuilder,
  columns: Local,
  code: (
    offset: Local,
    load: (address: Code) => Code,
    store: (address: Code, value: Code) => Code,
    /** Clears the lanes that hold no column. */
    lanes: (value: Code) => Code,
  ) => Code,
): Code {
  const [offset, left] = f.locals("i32", 2);
  const one = (address: Code, value: Code) => v128.storeLane(address, value, 0);
  return [
    offset.set(i32(0)),
    left.set(columns.get),
    loopWhile(
      atLeast(left.get, i32(4)),
      code(offset, v128.load, v128.store, (value) => value),
      offset.add(16),
      left.add(-4),
    ),
    loopWhile(
      greater(left.get, i32(0)),
      code(offset, v128.loadOne, one, v128.firstLane),
      offset.add(4),
      left.add(-1),
    ),
  ];
}

/** Some columns of a row, for loops that take several vectors at once. */
export interface ColumnBlock {
  /** From the row's start, in bytes. */
  readonly offset: Local;
  readonly vectors: number;
  /** Loads and stores the i-th vector of the block at an address. */
  load(address: Code, i: number): Code;
  store(address: Code, i: number, value: Code): Code;
}

/**
 * Runs code for every `most` vectors of columns, then for each vector, then for
 * each column that is left: as many sums at once keep the processor busy.
 */
export function eachBlock(
  f: FunctionBuilder,
  { columns, most }: { readonly columns: Local; readonly most: number },
  code: (block: ColumnBlock) => Code,
): Code {
  const [offset, left] = f.locals("i32", 2);
  const loop = (width: number, block: Code) =>
    loopWhile(
      atLeast(left.get, i32(width)),
      block,
      offset.add(4 * width),
      left.add(-width),
    );
  const whole = (vectors: number) =>
    loop(
      4 * vectors,
      code({
        offset,
        vectors,
        load: (address, i) => v128.load(address, 16 * i),
        store: (address, i, value) => v128.store(address, value, 16 * i),
      }),
    );
  return [
    offset.set(i32(0)),
    left.set(columns.get),
    whole(most),
    most > 1 ? whole(1) : [],
    loop(
      1,
      code({
        offset,
        vectors: 1,
        load: (address) => v128.loadOne(address),
        store: (address, _, value) => v128.storeLane(address, value, 0),
      }),
    ),
  ];
}
