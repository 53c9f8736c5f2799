/** How columns of recorded numbers are kept, written as JSON and read back. */

import { type Check, listOf, mapOf, record, show, that } from "./check_data.ts";

/** Columns that grow. */
export type GrowingColumns = { [column: string]: number[] };

/** Puts a value in under any name: an assignment to `__proto__` would not. */
export function setValue<T>(
  holder: { [name: string]: T },
  name: string,
  value: T,
): void {
  if (name !== "__proto__") {
    holder[name] = value;
    return;
  }
  Object.defineProperty(holder, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** Adds a row to columns of `length` rows; what a column lacks is NaN. */
export function appendRow(
  columns: GrowingColumns,
  length: number,
  row: { readonly [column: string]: number },
): void {
  for (const name in row) {
    if (!Object.hasOwn(columns, name)) {
      setValue(columns, name, new Array<number>(length).fill(NaN));
    }
    columns[name].push(row[name]);
  }
  for (const name in columns) {
    const column = columns[name];
    if (column.length === length) column.push(NaN);
  }
}

/**
 * The first row of an ascending column that is beyond `value`: as many rows as
 * there are where none is. A history that is thinned has its rows at other
 * numbers than before, but of the same iterations.
 */
export function rowBeyond(column: ArrayLike<number>, value: number): number {
  let [low, high] = [0, column.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (column[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The column as JSON can hold it: it has no infinities, which are then text, and
 * no NaN, for which it writes null by itself.
 */
function withInfinities(this: readonly number[]): unknown[] {
  return this.map((value) =>
    value === Infinity || value === -Infinity ? String(value) : value
  );
}

/**
 * A copy of a column, which `JSON.stringify` writes with its infinities as text:
 * it would write null for them, which reads as NaN.
 */
export function copyColumn(column: readonly number[]): number[] {
  const copy = column.slice();
  if (copy.includes(Infinity) || copy.includes(-Infinity)) {
    Object.defineProperty(copy, "toJSON", { value: withInfinities });
  }
  return copy;
}

/** The numbers of a column that came through JSON. */
export function readColumn(column: ArrayLike<unknown>): number[] {
  return Array.from(column, (value) => value === null ? NaN : Number(value));
}

/** A number, or what JSON has in its place: null for NaN, and the infinities. */
export const recordedNumber: Check = that(
  `be a number, null, "Infinity" or "-Infinity"`,
  (value) =>
    typeof value === "number" || value === null || value === "Infinity" ||
    value === "-Infinity",
);

/** Whether a value is a list of such numbers, typed or not. */
export function isRecordedColumn(value: unknown): value is ArrayLike<unknown> {
  if (ArrayBuffer.isView(value)) return !(value instanceof DataView);
  if (!Array.isArray(value)) return false;
  // By index, as `every` passes over holes, which are no numbers.
  for (let i = 0; i < value.length; i++) {
    if (recordedNumber(value[i], "") !== undefined) return false;
  }
  return true;
}

/** Columns of equal length, with those that are named. */
export function columnsWith(...names: readonly string[]): Check {
  const column = listOf(recordedNumber);
  const required = record(
    Object.fromEntries(names.map((name) => [name, column])),
  );
  const each = mapOf(column);
  return (value, path) => {
    const fault = required(value, path) ?? each(value, path);
    if (fault) return fault;
    const lengths = Object.entries(value as Record<string, unknown[]>)
      .map(([name, { length }]) => [name, length] as const);
    const [, length] = lengths[0];
    const uneven = lengths.find(([, other]) => other !== length);
    return uneven && {
      path: `${path}.${uneven[0]}`,
      must: `have as many rows as ${lengths[0][0]}, which is ${show(length)}`,
      value: uneven[1],
    };
  };
}
