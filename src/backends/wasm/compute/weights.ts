/** Weights packed for products. */

import type { Compute, Scratch } from "./compute.ts";
import { PANEL } from "./_kernel.ts";

/** Rounds up to a whole number of panels. */
export function toPanels(columns: number): number {
  return Math.ceil(columns / PANEL) * PANEL;
}

/**
 * A matrix to be packed: `tapRows · taps · run` rows of columns, anyhow in
 * memory.
 */
export interface Weights {
  readonly address: number;
  readonly tapRows: number;
  /** From a row of taps to the next one, in bytes. */
  readonly tapRowStep: number;
  readonly taps: number;
  /** From a tap to the next one, in bytes. */
  readonly tapStep: number;
  readonly run: number;
  readonly rowStep: number;
  readonly columns: number;
  readonly columnStep: number;
}

/** Packs weights into panels of columns. */
export function packWeights(compute: Compute, weights: Weights): Scratch {
  const { address, tapRows, taps, run, columns } = weights;
  const size = tapRows * taps * run * toPanels(columns);
  const packed = compute.scratch(4 * size);
  compute.run(
    "pack",
    {
      from: address,
      to: packed.address,
      tapRows,
      tapRowStep: weights.tapRowStep,
      taps,
      tapStep: weights.tapStep,
      run,
      rowStep: weights.rowStep,
      columns,
      columnStep: weights.columnStep,
    },
    { chunks: toPanels(columns) / PANEL, multiplications: size },
  );
  return packed;
}
