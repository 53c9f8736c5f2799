import { mean } from "../../metrics/mean.ts";

/** What losses show of the order of the batches. */
export interface LossOrder {
  /**
   * The mean squared difference of neighbours over twice the variance (von
   * Neumann's ratio, halved): about 1 for batches drawn at random, 0 where each
   * is like the one before.
   */
  readonly ratio: number;
  /** Batches in a pass, where the losses repeat with it. */
  readonly pass?: number;
}

/** Fewer losses tell nothing. */
const LEAST = 24;

/**
 * By how many standard deviations the ratio of losses in runs is below that of
 * random batches, whose deviation is about 1 / √n: by chance once in 2,000 times.
 */
const RUNS = 3.3;

/**
 * The ratio of losses in runs that repeat with the pass. They come in an order
 * already, so that less tells of runs: of 20 batches in an order drawn at random
 * once and for all, one in 80 is below.
 */
const REPEATED_RUNS = 0.5;

/** A pass of fewer batches cannot hold runs. */
const LEAST_PASS = 6;

/** So much of a pass must have come again to tell that losses repeat with it. */
const SEEN = 1.5;

/** The correlation of losses a pass apart, from which on they repeat. */
const REPEATED = 0.7;

/** Less variation than this share of the losses is rounding. */
const ROUNDING = 1e-5;

/** The parts of a sweep, from its start, in which losses may come in runs. */
const PARTS = [1 / 3, 2 / 3, 1];

function deviations(values: readonly number[]): number[] {
  const middle = mean(values);
  return values.map((value) => value - middle);
}

function sumOfProducts(a: readonly number[], b: readonly number[]): number {
  return b.reduce((sum, value, i) => sum + a[i] * value, 0);
}

/** What is left of values without the parabola that fits them best. */
function withoutTrend(values: readonly number[]): number[] {
  const n = values.length;
  // Orthogonal polynomials over equal steps.
  const line = values.map((_, i) => i - (n - 1) / 2);
  const bow = deviations(line.map((x) => x * x));
  let rest = deviations(values);
  for (const shape of [line, bow]) {
    const share = sumOfProducts(rest, shape) / sumOfProducts(shape, shape);
    rest = rest.map((value, i) => value - share * shape[i]);
  }
  return rest;
}

function ratioOf(rest: readonly number[], variance: number): number {
  const squares = rest.slice(1).map((value, i) => (value - rest[i]) ** 2);
  return mean(squares) / (2 * variance);
}

/** The correlation of values with those a lag later. */
function correlation(rest: readonly number[], lag: number): number {
  const a = deviations(rest.slice(0, -lag));
  const b = deviations(rest.slice(lag));
  return sumOfProducts(a, b) /
    Math.sqrt(sumOfProducts(a, a) * sumOfProducts(b, b));
}

/**
 * Whether losses, one of each batch in the order in which they come, come in runs,
 * as those of data do that are not shuffled: whatever a batch is, and whether or
 * not it has targets.
 *
 * @param losses At the same weights: training makes neighbours alike by itself.
 */
export function lossOrder(
  losses: readonly number[],
  options: {
    /** Batches in a pass; undefined where none ended. */
    readonly pass: number | undefined;
  },
): LossOrder | undefined {
  const { pass = Infinity } = options;
  const { length } = losses;
  if (pass < LEAST_PASS || length < LEAST) return undefined;
  const rest = deviations(losses);
  const variance = mean(rest.map((value) => value ** 2));
  if (!(variance > (ROUNDING * mean(losses)) ** 2)) return undefined;
  const ratio = ratioOf(rest, variance);
  // A pass that is too long to have come again says nothing against it.
  if (length < SEEN * pass) {
    return ratio < 1 - RUNS / Math.sqrt(length) ? { ratio } : undefined;
  }
  return ratio < REPEATED_RUNS && correlation(rest, pass) > REPEATED
    ? { ratio, pass }
    : undefined;
}

/**
 * Whether losses of training may come in runs: neighbours are alike, but for the
 * trend, or they ended early.
 */
export function mayComeInRuns(
  losses: readonly number[],
  { pass = Infinity }: { readonly pass: number | undefined },
): boolean {
  if (pass < LEAST_PASS) return false;
  if (losses.length < LEAST) return true;
  return PARTS.some((part) => {
    const rest = withoutTrend(losses.slice(0, Math.ceil(part * losses.length)));
    const variance = mean(rest.map((value) => value ** 2));
    return ratioOf(rest, variance) < REPEATED_RUNS;
  });
}
