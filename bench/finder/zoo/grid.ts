import type { Laboratory } from "./train.ts";

/** What training reaches at each of a grid of rates. */
export interface Grid {
  /** Validation loss before training. */
  readonly first: number;
  readonly rates: readonly number[];
  /** Validation loss at a constant rate; null where it is not finite. */
  readonly constant: readonly (number | null)[];
  /** The same where the rate falls to 0 in a straight line. */
  readonly decayed: readonly (number | null)[];
}

/** Thirteen rates, two a decade. */
export const GRID_RATES: readonly number[] = Array.from(
  { length: 13 },
  (_, i) => Number((10 ** (i / 2 - 5)).toPrecision(6)),
);

/** Trains at every rate of the grid, for so many steps. */
export async function trainGrid(
  laboratory: Laboratory,
  steps: number,
): Promise<Grid> {
  const first = await laboratory.first();
  const constant: (number | null)[] = [];
  const decayed: (number | null)[] = [];
  const finite = (loss: number) => Number.isFinite(loss) ? loss : null;
  for (const rate of GRID_RATES) {
    const plain = await laboratory.train(() => rate, { steps });
    constant.push(finite(plain.loss));
    const falling = (t: number) => rate * (1 - t / steps);
    decayed.push(finite((await laboratory.train(falling, { steps })).loss));
  }
  return { first, rates: GRID_RATES, constant, decayed };
}

/** The best loss of the grid at a constant rate. */
export function bestOf({ constant }: Grid): number {
  return Math.min(...constant.map((loss) => loss ?? Infinity));
}

/**
 * What is missed: (loss − best) / (first − best). 0 is as good as the best
 * constant rate, 1 no better than no training at all; below 0 is better than
 * the best. A training that ends in no number counts 2.
 */
export function regret(loss: number | null, grid: Grid): number {
  if (loss === null || !Number.isFinite(loss)) return WORST;
  const best = bestOf(grid);
  return Math.min(WORST, (loss - best) / (grid.first - best));
}

const WORST = 2;
