/** Weights packed for products. */

import type { Compute, Scratch } from "./compute.ts";
import { PANEL } from "./_kernel.ts";

/** Rounds up to a whole number of panels. */
export function toPanels(columns: number): number {
  return Math.ceil(columns / PANEL) * PANEL;
}

/** A matrix to be packed: `taps · run` rows of columns, anyhow in memory. */
export interface Weights {
  readonly address: number;
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
  const { address, taps, run, columns } = weights;
  const size = taps * run * toPanels(columns);
  const packed = compute.scratch(4 * size);
  compute.run(
    "pack",
    {
      from: address,
      to: packed.address,
      taps,
      tapStep: weights.tapStep,
      run,
      rowStep: weights.rowStep,
      columns,
      columnStep: weights.columnStep,
    },
    toPanels(columns) / PANEL,
    size,
  );
  return packed;
}
