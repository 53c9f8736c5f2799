import type { Laboratory } from "./train.ts";

/** What training reaches at each of a grid of rates. */
export interface Grid {
  /** Validation loss before training. */
  readonly first: number;
  /** The rates. */
  readonly rates: readonly number[];
  /** Validation loss at a constant rate; null where it is not finite. */
  readonly constant: readonly (number | null)[];
  /** The same where the rate rises and falls twice, from a fourth of it. */
  readonly cycled: readonly (number | null)[];
}

/** Thirteen rates, two a decade. */
export const GRID_RATES: readonly number[] = Array.from(
  { length: 13 },
  (_, i) => 10 ** (i / 2 - 5),
);

/** What is less than this share of what the best training learns. */
const HARDLY_ANYTHING = 0.15;

/**
 * Trains at every rate of the grid, for so many steps, from the highest down.
 * Below two that change hardly anything, lower ones learn nothing: the first loss
 * stands for theirs. One that makes the loss worse is too high, not too low.
 */
export async function trainGrid(
  laboratory: Laboratory,
  steps: number,
): Promise<Grid> {
  const first = await laboratory.first();
  const constant: (number | null)[] = GRID_RATES.map(() => first);
  const cycled: (number | null)[] = GRID_RATES.map(() => first);
  const finite = (loss: number) => Number.isFinite(loss) ? loss : null;
  let best = Infinity;
  let slow = 0;
  for (let k = GRID_RATES.length - 1; k >= 0 && slow < 2; k--) {
    const rate = GRID_RATES[k];
    const { loss } = await laboratory.train(() => rate, { steps });
    constant[k] = finite(loss);
    if (loss < best) best = loss;
    const changed = Math.abs(first - loss) / (first - best);
    slow = best < first && changed < HARDLY_ANYTHING ? slow + 1 : 0;
    const half = steps / 4;
    const cycle = (t: number) => {
      const p = t % (2 * half);
      return rate / 4 +
        0.75 * rate * (p <= half ? p / half : (2 * half - p) / half);
    };
    cycled[k] = finite((await laboratory.train(cycle, { steps })).loss);
  }
  return { first, rates: GRID_RATES, constant, cycled };
}

/** The best loss of the grid at a constant rate. */
export function bestOf({ constant }: Grid): number {
  return Math.min(...constant.map((loss) => loss ?? Infinity));
}

/** The most that a training can miss here: twice what there was to learn. */
const WORST = 2;

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
