import {
  add,
  atLeast,
  type Code,
  copyBytes,
  divide,
  either,
  equal,
  greater,
  i32,
  less,
  loadI32,
  type Local,
  loopUntilNot,
  loopWhile,
  mul,
  remainder,
  smaller,
  storeI32,
  sub,
  v128,
  when,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { eachColumn, kernelFunction } from "./_kernel.ts";

/** A dimension over which rows are counted: its size, and for each address that
 * moves with it the step in bytes. */
export interface Dimension {
  readonly size: Local;
  readonly steps: readonly Local[];
}

/**
 * Runs code for each row of a chunk, the addresses moved to that row. The
 * dimensions are counted from the last one on.
 */
export function eachRowOf(
  f: FunctionBuilder,
  { dimensions, addresses, first, end }: {
    readonly dimensions: readonly Dimension[];
    readonly addresses: readonly Local[];
    readonly first: Code;
    readonly end: Code;
  },
  code: (row: Local) => Code,
): Code {
  const [row, last, rest] = f.locals("i32", 3);
  const counters = f.locals("i32", dimensions.length);
  const start = dimensions.map((_, k) => {
    const axis = dimensions.length - 1 - k;
    const { size, steps } = dimensions[axis];
    const counter = counters[axis];
    return [
      counter.set(remainder(rest.get, size.get)),
      rest.set(divide(rest.get, size.get)),
      addresses.map((address, i) =>
        address.add(mul(counter.get, steps[i].get))
      ),
    ];
  });
  const advance = (axis: number): Code => {
    if (axis < 0) return [];
    const { size, steps } = dimensions[axis];
    const counter = counters[axis];
    return [
      counter.add(1),
      addresses.map((address, i) => address.add(steps[i].get)),
      axis === 0 ? [] : when(
        equal(counter.get, size.get),
        counter.set(i32(0)),
        addresses.map((address, i) =>
          address.set(sub(address.get, mul(size.get, steps[i].get)))
        ),
        advance(axis - 1),
      ),
    ];
  };
  return [
    row.set(first),
    last.set(end),
    rest.set(row.get),
    start,
    loopUntilNot(
      less(row.get, last.get),
      code(row),
      advance(dimensions.length - 1),
      row.add(1),
    ),
  ];
}

// Below this, a call costs more than a loop.
const WORTH_A_CALL = 64;

/** Moves 32-bit values from anywhere to anywhere, by rows. */
export function move(): FunctionBuilder {
  return kernelFunction("move", (f, args, chunk) => {
    const [first, bytes, left, source, target] = f.locals("i32", 5);
    const value = f.local("v128");
    const dimensions = [
      { size: args.size0, steps: [args.from0, args.to0] },
      { size: args.size1, steps: [args.from1, args.to1] },
      { size: args.size2, steps: [args.from2, args.to2] },
      { size: args.size3, steps: [args.from3, args.to3] },
    ];
    const isStep = (step: Local, size: number) => equal(step.get, i32(size));
    const contiguous = either(
      isStep(args.fromStep, 4),
      either(
        atLeast(args.inner.get, i32(WORTH_A_CALL)),
        copyBytes(args.to.get, args.from.get, bytes.get),
        eachColumn(f, args.inner, (offset, load, store) =>
          store(
            add(args.to.get, offset.get),
            load(add(args.from.get, offset.get)),
          )),
      ),
      [
        value.set(v128.splat(args.from.get)),
        eachColumn(
          f,
          args.inner,
          (offset, _, store) => store(add(args.to.get, offset.get), value.get),
        ),
      ],
    );
    const oneByOne = [
      source.set(args.from.get),
      target.set(args.to.get),
      left.set(args.inner.get),
      loopWhile(
        greater(left.get, i32(0)),
        storeI32(target.get, loadI32(source.get)),
        source.add(args.fromStep.get),
        target.add(args.toStep.get),
        left.add(-1),
      ),
    ];
    return [
      bytes.set(mul(args.inner.get, i32(4))),
      first.set(mul(chunk.get, args.chunkRows.get)),
      eachRowOf(
        f,
        {
          dimensions,
          addresses: [args.from, args.to],
          first: first.get,
          end: smaller(add(first.get, args.chunkRows.get), args.rows.get),
        },
        () =>
          either(
            mul(
              isStep(args.toStep, 4),
              add(isStep(args.fromStep, 4), isStep(args.fromStep, 0)),
            ),
            contiguous,
            oneByOne,
          ),
      ),
    ];
  });
}

/** Gathers slices by their indices. */
export function gather(): FunctionBuilder {
  return kernelFunction("gather", (f, args, chunk) => {
    const [row, end, slice, index, block, to] = f.locals("i32", 6);
    const from = f.local("i32");
    return [
      row.set(mul(chunk.get, args.chunkRows.get)),
      end.set(smaller(add(row.get, args.chunkRows.get), args.rows.get)),
      slice.set(mul(args.slice.get, i32(4))),
      to.set(add(args.to.get, mul(row.get, slice.get))),
      loopWhile(
        less(row.get, end.get),
        // A row is an outer block of a batch, and in it an index.
        block.set(divide(row.get, args.count.get)),
        index.set(
          loadI32(
            add(
              args.indices.get,
              mul(
                add(
                  remainder(row.get, args.count.get),
                  mul(divide(block.get, args.outer.get), args.count.get),
                ),
                i32(4),
              ),
            ),
          ),
        ),
        from.set(
          add(
            args.from.get,
            mul(
              add(mul(block.get, args.length.get), index.get),
              slice.get,
            ),
          ),
        ),
        either(
          atLeast(args.slice.get, i32(WORTH_A_CALL)),
          copyBytes(to.get, from.get, slice.get),
          eachColumn(
            f,
            args.slice,
            (offset, load, store) =>
              store(add(to.get, offset.get), load(add(from.get, offset.get))),
          ),
        ),
        to.add(slice.get),
        row.add(1),
      ),
    ];
  });
}
