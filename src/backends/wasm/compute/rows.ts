/** Sums over the rows of matrices, and rows of another length. */

import { scoped } from "../../../runtime/scoped.ts";
import type { Compute } from "./compute.ts";

/** Rows of floats, and where a result of theirs goes. */
export interface Rows {
  readonly from: number;
  readonly rows: number;
  readonly columns: number;
  readonly to: number;
}

/** Rows that are read or written at once are worth a thread's visit. */
const CHUNK_FLOATS = 16_384;

/** Copies a row-major matrix to one with more columns, zeros, or with fewer. */
export function resizeRows(
  compute: Compute,
  { toColumns, ...args }: Rows & { readonly toColumns: number },
): void {
  const longest = Math.max(args.columns, toColumns);
  const chunkRows = Math.max(1, Math.floor(CHUNK_FLOATS / longest));
  compute.run(
    "resizeRows",
    { ...args, toColumns, chunkRows },
    {
      chunks: Math.ceil(args.rows / chunkRows),
      multiplications: args.rows * longest,
    },
  );
}

/** Whole vectors, so that results do not depend on how rows are cut. */
const CHUNK_COLUMNS = 4096;

/** Sums a few long rows; the sum may take the place of the first row. */
export function sumRows(
  compute: Compute,
  { from, rows, columns, to }: Rows,
): void {
  const columnChunks = Math.ceil(columns / CHUNK_COLUMNS);
  compute.run(
    "sumRows",
    {
      ...{ from, to, rows, columns, chunkRows: rows },
      ...{ chunkColumns: CHUNK_COLUMNS, columnChunks },
    },
    { chunks: columnChunks, multiplications: rows * columns },
  );
}

const SUM_ROWS = 256;

/** Sums the rows of a matrix, column by column, in ranges and then those. */
export function sumColumns(
  compute: Compute,
  { from, rows, columns, to }: Rows,
): void {
  const ranges = Math.ceil(rows / SUM_ROWS);
  scoped((own) => {
    const partial = own(compute.scratch(4 * ranges * columns));
    compute.run(
      "sumRows",
      {
        ...{ from, to: partial.address, rows, columns, chunkRows: SUM_ROWS },
        ...{ chunkColumns: columns, columnChunks: 1 },
      },
      { chunks: ranges, multiplications: rows * columns },
    );
    sumRows(compute, { from: partial.address, rows: ranges, columns, to });
  });
}

/** Sums each row; the last may be shorter, where there are `length` values. */
export function sumEachRow(
  compute: Compute,
  { from, rows, columns, to, length = rows * columns }: Rows & {
    readonly length?: number;
  },
): void {
  const chunkRows = Math.max(1, Math.floor(CHUNK_FLOATS / columns));
  compute.run(
    "rowSums",
    { from, to, rows, columns, length, chunkRows },
    { chunks: Math.ceil(rows / chunkRows), multiplications: length },
  );
}

/** Values of a long sum that are added up before those sums are. */
const SUM_VALUES = 4096;

/** Sums values that lie one after the other, in pieces for all threads. */
export function sumAll(
  compute: Compute,
  { from, length, to }: {
    readonly from: number;
    readonly length: number;
    readonly to: number;
  },
): void {
  const rows = Math.ceil(length / SUM_VALUES);
  if (rows === 1) {
    sumEachRow(compute, { from, rows, columns: length, to });
    return;
  }
  scoped((own) => {
    const partial = own(compute.scratch(4 * rows));
    const pieces = { from, rows, columns: SUM_VALUES, length };
    sumEachRow(compute, { ...pieces, to: partial.address });
    sumAll(compute, { from: partial.address, length: rows, to });
  });
}

/** Sums the rows of each matrix of a batch. */
export function sumEachMatrix(
  compute: Compute,
  { count, ...args }: Rows & { readonly count: number },
): void {
  compute.run(
    "middleSums",
    args,
    { chunks: count, multiplications: count * args.rows * args.columns },
  );
}
