import {
  add,
  atLeast,
  either,
  greater,
  i32,
  loadI32,
  loopWhile,
  mul,
  storeI32,
  v128,
  zeroBytes,
} from "./_assembler.ts";
import { FunctionBuilder } from "./_function_builder.ts";
import { PANEL } from "./_kernel.ts";

/**
 * Copies the first 8 columns of rows into a packed panel; columns that are not
 * there become zeros. Parameters: from, from one row to the next, rows, columns
 * that are there, to.
 */
export function copyPanel(): FunctionBuilder {
  const f = new FunctionBuilder(5);
  const [from, step, rows, columns, to] = f.params;
  const [left, at, target] = f.locals("i32", 3);
  return f.body(
    either(
      atLeast(columns.get, i32(PANEL)),
      loopWhile(
        greater(rows.get, i32(0)),
        v128.store(to.get, v128.load(from.get)),
        v128.store(to.get, v128.load(from.get, 16), 16),
        from.set(add(from.get, step.get)),
        to.add(4 * PANEL),
        rows.add(-1),
      ),
      [
        zeroBytes(to.get, mul(rows.get, i32(4 * PANEL))),
        loopWhile(
          greater(rows.get, i32(0)),
          at.set(from.get),
          target.set(to.get),
          left.set(columns.get),
          loopWhile(
            greater(left.get, i32(0)),
            storeI32(target.get, loadI32(at.get)),
            at.add(4),
            target.add(4),
            left.add(-1),
          ),
          from.set(add(from.get, step.get)),
          to.add(4 * PANEL),
          rows.add(-1),
        ),
      ],
    ),
  );
}

/**
 * Transposes a matrix. Parameters: from, from one of its rows to the next, rows,
 * columns, to, from one row of the result to the next.
 */
export function transposeMatrix(): FunctionBuilder {
  const f = new FunctionBuilder(6);
  const [from, fromStep, rows, columns, to, toStep] = f.params;
  const [left, at, target, source] = f.locals("i32", 4);
  const [a, b, c, d, ab, cd] = f.locals("v128", 6);
  // The columns' low or high halves, interleaved row by row.
  const half = (lanes: number[]) => [
    ab.set(v128.shuffle(a.get, b.get, lanes)),
    cd.set(v128.shuffle(c.get, d.get, lanes)),
    v128.store(target.get, v128.shuffle(ab.get, cd.get, [0, 1, 4, 5])),
    target.set(add(target.get, toStep.get)),
    v128.store(target.get, v128.shuffle(ab.get, cd.get, [2, 3, 6, 7])),
    target.set(add(target.get, toStep.get)),
  ];
  const column = (values: number) => [
    source.set(at.get),
    Array.from({ length: values }, (_, i) => [
      storeI32(target.get, loadI32(source.get), 4 * i),
      source.set(add(source.get, fromStep.get)),
    ]),
    target.set(add(target.get, toStep.get)),
    at.add(4),
    left.add(-1),
  ];
  return f.body(
    loopWhile(
      atLeast(rows.get, i32(4)),
      at.set(from.get),
      target.set(to.get),
      left.set(columns.get),
      loopWhile(
        atLeast(left.get, i32(4)),
        source.set(at.get),
        [a, b, c, d].map((row) => [
          row.set(v128.load(source.get)),
          source.set(add(source.get, fromStep.get)),
        ]),
        half([0, 4, 1, 5]),
        half([2, 6, 3, 7]),
        at.add(16),
        left.add(-4),
      ),
      loopWhile(greater(left.get, i32(0)), column(4)),
      from.set(add(from.get, mul(fromStep.get, i32(4)))),
      to.add(16),
      rows.add(-4),
    ),
    loopWhile(
      greater(rows.get, i32(0)),
      at.set(from.get),
      target.set(to.get),
      left.set(columns.get),
      loopWhile(greater(left.get, i32(0)), column(1)),
      from.set(add(from.get, fromStep.get)),
      to.add(4),
      rows.add(-1),
    ),
  );
}
