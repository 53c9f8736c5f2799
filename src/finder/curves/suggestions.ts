/** The name of a rule that picks one rate from a curve. */
export type SuggestionName = "valley" | "steepest" | "slide" | "minimum";

/**
 * The rates that four published rules pick from a curve. Each is a single rate
 * for training at a constant rate; the bounds of a cycle are
 * `LearningRateRange.baseLr` and `LearningRateRange.maxLr`.
 */
export interface LearningRateSuggestions {
  /**
   * Two thirds into the longest valley (the longest strictly decreasing
   * subsequence of the losses), or undefined where `reasons` says why.
   */
  readonly valley: number | undefined;
  /** Where the loss falls fastest per e-fold of the rate, or undefined. */
  readonly steepest: number | undefined;
  /**
   * Left of the last steep slope, or undefined: an interval of 15 points slides
   * down from the end until the slopes at its two ends agree within 0.005.
   */
  readonly slide: number | undefined;
  /** A tenth of the rate with the lowest loss, or undefined. */
  readonly minimum: number | undefined;
  /** Why a rule picks no rate, by its name; empty when all do. */
  readonly reasons: { readonly [Name in SuggestionName]?: string };
}

/** Points that the rules leave out: a tenth at the start, five at the end. */
const SKIPPED_START = 10;
const SKIPPED_END = 5;

/** The interval and threshold of the slide rule, as fastai publishes them. */
const SLIDE_INTERVAL = 15;
const SLIDE_THRESHOLD = 0.005;

/** Index of the steepest descent per natural-log unit of the rate. */
function steepestIndex(
  rates: ArrayLike<number>,
  losses: ArrayLike<number>,
): number {
  let index = 0;
  let least = Infinity;
  for (let i = 0; i + 1 < losses.length; i++) {
    const slope = (losses[i + 1] - losses[i]) /
      (Math.log(rates[i + 1]) - Math.log(rates[i]));
    if (slope < least) [index, least] = [i, slope];
  }
  return index;
}

function minimumIndex(losses: ArrayLike<number>): number {
  let index = 0;
  for (let i = 1; i < losses.length; i++) {
    if (losses[i] < losses[index]) index = i;
  }
  return index;
}

function valleyIndex(losses: ArrayLike<number>): number {
  // longest[i] is the length of the longest strictly decreasing subsequence
  // that ends at i. `tails[k]` is the greatest loss that ends one of length
  // k + 1, so that each length is found by bisection.
  const tails: number[] = [];
  let longest = 0;
  let end = 0;
  for (let i = 0; i < losses.length; i++) {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (tails[middle] > losses[i]) low = middle + 1;
      else high = middle;
    }
    tails[low] = losses[i];
    if (low + 1 > longest) [longest, end] = [low + 1, i];
  }
  if (longest === 1) return 0;
  const section = longest / 3;
  return Math.max(
    0,
    end - longest + Math.trunc(section) + Math.trunc(section / 2),
  );
}

function slideIndex(losses: ArrayLike<number>): number {
  const n = losses.length;
  const gradient = (i: number) =>
    i === 0
      ? losses[1] - losses[0]
      : i === n - 1
      ? losses[n - 1] - losses[n - 2]
      : (losses[i + 1] - losses[i - 1]) / 2;
  let right = n - 1;
  let left = right - SLIDE_INTERVAL;
  let index = left;
  while (
    left >= 0 && Math.abs(gradient(right) - gradient(left)) > SLIDE_THRESHOLD
  ) {
    index = left;
    left--;
    right--;
  }
  return index;
}

/**
 * What fastai's four suggesters pick from a curve of (smoothed) losses over
 * rates. As there, the first tenth of the points and the last five are left
 * out, and the curve is cut at the first loss that is not finite.
 *
 * Valley, steepest and minimum do not change when a constant is added to the
 * losses or when these are scaled; slide's published threshold is absolute, so
 * slide may.
 *
 * Source: {@link https://github.com/fastai/fastai | fastai},
 * `callback/schedule.py`.
 */
export function suggestLearningRates(
  learningRates: ArrayLike<number>,
  losses: ArrayLike<number>,
): LearningRateSuggestions {
  const start = Math.floor(losses.length / SKIPPED_START);
  let end = Math.max(start, losses.length - SKIPPED_END);
  for (let i = start; i < end; i++) if (!Number.isFinite(losses[i])) end = i;
  const rates = Array.from(learningRates).slice(start, end);
  const kept = Array.from(losses).slice(start, end);
  const reasons: { [Name in SuggestionName]?: string } = {};
  const pick = (name: SuggestionName, needed: number, rate: () => number) => {
    if (kept.length >= needed) return rate();
    reasons[name] =
      `needs ${needed} points between the first tenth and the last ${SKIPPED_END}, has ${kept.length}`;
  };
  return {
    valley: pick("valley", 2, () => rates[valleyIndex(kept)]),
    steepest: pick("steepest", 2, () => rates[steepestIndex(rates, kept)]),
    slide: pick("slide", SLIDE_INTERVAL + 1, () => rates[slideIndex(kept)]),
    minimum: pick("minimum", 2, () => rates[minimumIndex(kept)] / 10),
    reasons,
  };
}
