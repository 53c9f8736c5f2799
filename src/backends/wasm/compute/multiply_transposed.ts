/** Products whose left side is transposed. */

import type { Compute } from "./compute.ts";
import { sumRows } from "./rows.ts";
import { PANEL, TILE_ROWS } from "./_kernel.ts";
import { scoped } from "../../../runtime/scoped.ts";
import { MOST_ROWS } from "./_tile_products.ts";

/** A line of the processor's cache. */
const LINE_BYTES = 64;

/** A product of a transposed matrix with another. */
export interface TransposedProduct {
  /** Row-major, `rows · run`. */
  readonly a: number;
  readonly rows: number;
  readonly run: number;
  /** Row-major, `rows · columns`. */
  readonly d: number;
  readonly columns: number;
  readonly out: number;
}

/** Rows of a and d that are packed at once: a panel fills half of a cache. */
const BLOCK_ROWS = 512;
/** Rows that are added up one after another; of more, digits are lost. */
const MOST_GROUP_ROWS = 1 << 14;
/** Numbers that the sums of groups may take for that: 64 MB. */
const MOST_SUMS = 2 ** 24;
/** The fewest rows of the result for which packing a panel is worth while. */
const LEAST_RUN = 48;
/** As many chunks keep several threads busy. */
const CHUNKS = 8;

/** Multiplies the transpose of `a` with `d`. */
export function multiplyTransposed(
  compute: Compute,
  { a, rows, run, d, columns, out }: TransposedProduct,
): void {
  const blockPixels = Math.min(rows, BLOCK_ROWS);
  const size = run * columns;
  // Groups read everything once, but have sums of their own to be added up;
  // ranges of the run read all of d each.
  const cheapGroups = rows * (run + columns) / (8 * size);
  const wantedGroups = Math.max(
    Math.min(
      CHUNKS,
      Math.ceil(rows / BLOCK_ROWS),
      Math.max(1, Math.floor(cheapGroups)),
    ),
    Math.min(Math.ceil(rows / MOST_GROUP_ROWS), Math.floor(MOST_SUMS / size)),
  );
  const groupPixels = Math.ceil(rows / wantedGroups);
  const groups = Math.ceil(rows / groupPixels);
  const wantedBlocks = Math.min(
    Math.ceil(CHUNKS / groups),
    Math.max(1, Math.floor(run / LEAST_RUN)),
  );
  const runBlock = Math.min(
    Math.ceil(run / wantedBlocks / TILE_ROWS) * TILE_ROWS,
    MOST_ROWS,
  );
  const runBlocks = Math.ceil(run / runBlock);
  // Blocks add to whole panels, so that the last one needs room behind it.
  scoped((own) => {
    const partial = own(
      groups === 1 && columns % PANEL === 0
        ? undefined
        : compute.scratch(4 * (groups * size + PANEL)),
    );
    const scratchBytes = 8 * PANEL * blockPixels +
      runBlock * (4 * blockPixels + LINE_BYTES);
    const scratch = own(compute.scratch(compute.threads * scratchBytes));
    const zeros = own(compute.scratch(8 * PANEL));
    compute.floats(zeros.address, 2 * PANEL).fill(0);
    compute.run(
      "multiplyTransposed",
      {
        a,
        d,
        out: partial?.address ?? out,
        zeros: zeros.address,
        scratch: scratch.address,
        scratchBytes,
        pixels: rows,
        groupPixels,
        blockPixels,
        run,
        runBlock,
        runBlocks,
        columns,
      },
      { chunks: groups * runBlocks, multiplications: rows * size },
    );
    if (partial) {
      sumRows(compute, {
        from: partial.address,
        rows: groups,
        columns: size,
        to: out,
      });
    }
  });
}
