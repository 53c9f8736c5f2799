import {
  findLearningRate,
  LearningRateRange,
  type SuggestionName,
} from "@clr/clr";
import type { Instance } from "./problem.ts";

/** Rules of other finders, each of which picks one constant rate. */
export type Rival =
  | SuggestionName
  | "pytorch-lr-finder"
  | "Lightning";

/** The curve that every rival's suggestion is read from. */
const SWEEP = { startLr: 1e-5, endLr: 10, iterations: 120 };

/** Index of the least of the differences of neighbours, as numpy's gradient. */
function steepest(losses: readonly number[]): number {
  let index = 0;
  let least = Infinity;
  for (let i = 0; i < losses.length; i++) {
    const [a, b] = [Math.max(0, i - 1), Math.min(losses.length - 1, i + 1)];
    const slope = (losses[b] - losses[a]) / (b - a);
    if (slope < least) [index, least] = [i, slope];
  }
  return index;
}

/**
 * What the rules of fastai (2.7, `callback/schedule.py`), pytorch-lr-finder
 * (0.2, `lr_finder.py`) and Lightning (2.1, `tuner/lr_finder.py`) pick from one
 * and the same sweep, smoothed and cut as each of them does.
 */
export async function rivals(
  instance: Instance,
  seed: number,
): Promise<{ readonly [Name in Rival]?: number }> {
  const { trainee, train, batchSize } = instance;
  const range = await findLearningRate(trainee, train, {
    ...SWEEP,
    batchSize,
    seed,
  });
  const { learningRates, losses } = range;
  const { suggestions } = LearningRateRange.fromCurve(learningRates, losses, {
    beta: 0.98,
  });
  const { valley, steepest: steep, slide, minimum } = suggestions;
  // pytorch-lr-finder smooths by 0.05 from its second loss on, if asked to as in
  // its README, and leaves out ten points at the start and five at the end.
  const smoothed: number[] = [];
  for (const loss of losses) {
    const last = smoothed.at(-1);
    smoothed.push(last === undefined ? loss : 0.05 * loss + 0.95 * last);
  }
  const pick = (curve: readonly number[], start: number, end: number) => {
    const kept = curve.slice(start, curve.length - end);
    return kept.length < 2 ? undefined : learningRates[start + steepest(kept)];
  };
  const defined = {
    valley,
    steepest: steep,
    slide,
    minimum,
    "pytorch-lr-finder": pick(smoothed, 10, 5),
    Lightning: pick(
      LearningRateRange.fromCurve(learningRates, losses, { beta: 0.98 })
        .smoothedLosses,
      10,
      1,
    ),
  };
  return Object.fromEntries(
    Object.entries(defined).filter(([, rate]) => rate !== undefined),
  );
}
