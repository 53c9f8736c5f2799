/**
 * The inner part of a tiled matrix product: 256 invocations, each with a few
 * rows and columns of the result in registers, and 16 terms of the sum at a time
 * in the workgroup's memory.
 */

/** Terms of the sum in the workgroup's memory at a time. */
export const DEPTH = 16;
/** Invocations of a workgroup. */
export const INVOCATIONS = 256;

/** How many rows and columns of the result an invocation computes. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
}

/** The smallest tile that covers a side of `length`, up to 64. */
export function sideFor(length: number): number {
  return length <= 16 ? 1 : length <= 32 ? 2 : 4;
}

function each(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("\n");
}

/** Declarations of the workgroup's memory. */
export function tileMemory({ rows, columns }: Tile): string {
  // One more a line, so that neighbours write to different banks.
  return `
const rowStride = ${16 * rows + 1}u;
const columnStride = ${16 * columns + 1}u;
var<workgroup> rowTile: array<f32, ${DEPTH * (16 * rows + 1)}>;
var<workgroup> columnTile: array<f32, ${DEPTH * (16 * columns + 1)}>;`;
}

/** Statements that start the sums at 0. */
export function tileStart({ rows, columns }: Tile): string {
  return each(rows, (i) => each(columns, (j) => `var sum_${i}_${j} = 0.0;`));
}

/** Statements that add the terms in memory; `row` and `column` are within 16. */
export function tileMultiply({ rows, columns }: Tile): string {
  return `
for (var t = 0u; t < ${DEPTH}; t++) {
  ${each(rows, (i) => `let r${i} = rowTile[t * rowStride + row + ${16 * i}];`)}
  ${
    each(
      columns,
      (j) => `let c${j} = columnTile[t * columnStride + column + ${16 * j}];`,
    )
  }
  ${each(rows, (i) => each(columns, (j) => `sum_${i}_${j} += r${i} * c${j};`))}
}`;
}

/** Statements that write each sum: `write` is given its row, column and name. */
export function tileWrite(
  { rows, columns }: Tile,
  write: (row: string, column: string, sum: string) => string,
): string {
  return each(
    rows,
    (i) =>
      each(
        columns,
        (j) => write(`row + ${16 * i}`, `column + ${16 * j}`, `sum_${i}_${j}`),
      ),
  );
}
