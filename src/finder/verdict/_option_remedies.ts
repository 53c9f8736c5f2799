import { MINIMUM_POINTS } from "../curves/bounds.ts";
import type { About } from "./_about.ts";
import { checkSupervision } from "./_problem_remedies.ts";
import type { AdvisedOption, Remedy } from "../result/finding.ts";
import { MAX_BATCHES, type RangeTestSettings } from "../options/settings.ts";
import { HIGHEST, LOWEST } from "../options/learning_rate_grid.ts";

/**
 * By how much a bound of the range is moved in one go: two decades, a third of
 * the default range, so that two tests reach what one missed.
 */
export const TWO_DECADES = 100;

/** Noise falls with the root of the batches: four times as many halve it. */
export const MORE_BATCHES = 4;

export function set(
  { settings }: About,
  option: Exclude<AdvisedOption, "batchSize" | "maxBatches">,
  factor: number,
): Remedy {
  const from = settings[option];
  // A rate is said, and meant, to two digits.
  const to = option === "startLr" || option === "endLr"
    ? Number((from * factor).toPrecision(2))
    : Math.round(from * factor);
  return { kind: "set-option", option, from, to };
}

/** A linear test is past the first few steps wherever it starts. */
function isCoarse(
  { startLr, endLr, growth, iterations }: RangeTestSettings,
) {
  return growth === "linear" && startLr < (endLr - startLr) / (iterations - 1);
}

/** Whether a linear test was past the improvement within its first steps. */
export function isEarly({ settings, evidence }: About): boolean {
  return isCoarse(settings) && (evidence.hidden?.index ?? 0) < MINIMUM_POINTS;
}

/** A loss that takes hold below so many times the first rate may do so below it. */
const NEAR_START = 10;

/** Higher rates, where there are some to test. */
export function higherRates(about: About, otherwise: Remedy): Remedy {
  return about.settings.endLr < 0.999 * HIGHEST
    ? set(about, "endLr", TWO_DECADES)
    : otherwise;
}

/** Lower rates, where weights still move at them. */
export function lower(about: About): readonly Remedy[] {
  if (isCoarse(about.settings)) return [set(about, "endLr", 1 / TWO_DECADES)];
  return about.settings.startLr > LOWEST
    ? [set(about, "startLr", 1 / TWO_DECADES)]
    : [checkSupervision(about)];
}

/** What to do about a loss that falls up to the highest rates that there are. */
export function endless({ circumstances, evidence }: About): Remedy {
  if (circumstances?.isLoop) return { kind: "check-loss" };
  return { kind: evidence.best < 0 ? "check-data" : "train" };
}

/** More of what the test may spend, in its own terms. */
export function moreBatches(about: About): Remedy {
  const { maxBatches } = about.settings;
  return maxBatches === undefined ? set(about, "iterations", 2) : {
    kind: "set-option",
    option: "maxBatches",
    from: maxBatches,
    to: maxBatches < MAX_BATCHES ? MAX_BATCHES : MORE_BATCHES * maxBatches,
  };
}

/** Whether the test may spend more than usual, and more still help little. */
export function hasManyBatches(
  { settings: { maxBatches = 0 } }: About,
): boolean {
  return maxBatches > MAX_BATCHES;
}

/** By how much the last rate goes below those that throw a training off. */
const BELOW_THROWN = 10;

/** A range that ends below the rates that throw a training off its first weights. */
export function endLower(
  { settings: { startLr, endLr }, thrownFrom = Infinity }: About,
): Remedy | undefined {
  const to = Number((thrownFrom / BELOW_THROWN).toPrecision(2));
  return to > BELOW_THROWN * startLr && to < endLr
    ? { kind: "set-option", option: "endLr", from: endLr, to }
    : undefined;
}

/** Whether the loss takes hold so near the first rate that it may do so below. */
export function isNearStart({ evidence: { base }, settings }: About): boolean {
  return base !== undefined &&
    base.learningRate < NEAR_START * settings.startLr;
}

/** What to do where no short training held as near the first rate as they came. */
export function startLower(about: About): readonly Remedy[] {
  return !about.hasMax && isNearStart(about)
    ? [set(about, "startLr", 1 / TWO_DECADES)]
    : [];
}
