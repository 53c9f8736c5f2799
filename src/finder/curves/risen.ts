import { mean } from "../../metrics/mean.ts";
import { median } from "../../metrics/median.ts";
import { noiseLevel } from "./divergence.ts";
import type { RecordedRun } from "./recorded_run.ts";

/** The share of rates, from the lowest on, at which a loss has risen at once. */
const LOWEST_SHARE = 1 / 3;

/** By what share of the loss at the first weights it has risen then. */
const RISEN = 0.1;

/**
 * Where losses at the first weights are not known: the share of these rates whose
 * losses are compared with the first ones, and by how many times the noise of one
 * loss they must be higher. Of five, medians differ by 0.8 times.
 */
const LEVEL_SHARE = 1 / 5;
const LEAST_LEVEL = 3;
const CLEARLY = 4;

/** Whether a series ends clearly higher than it began, noise aside. */
function endsHigher(losses: readonly number[]): boolean {
  const count = Math.max(LEAST_LEVEL, Math.round(LEVEL_SHARE * losses.length));
  if (losses.length < 2 * count) return false;
  const first = median(losses.slice(0, count));
  const rise = median(losses.slice(-count)) - first;
  return rise > RISEN * Math.abs(first) && rise > CLEARLY * noiseLevel(losses);
}

/** Whether the loss has risen at the lowest rates already. */
export function hasRisenAtOnce({ losses, references }: RecordedRun): boolean {
  if (losses.length === 0) return false;
  const count = Math.ceil(LOWEST_SHARE * losses.length);
  const lowest = losses.slice(0, count);
  if (!references) return endsHigher(lowest);
  const usual = mean(references.slice(0, count));
  return mean(lowest) - usual > RISEN * Math.abs(usual);
}

/** Whether the loss is higher at the highest rates than at the lowest. */
export function hasRisenAtEnd({ losses }: RecordedRun): boolean {
  return endsHigher(losses);
}
