import { valuesOf } from "./choose_curve.ts";
import { conclude } from "./conclude.ts";
import { drawnCurve } from "./curve.ts";
import { median } from "../metrics/median.ts";
import { directedMetric } from "../metrics/direction.ts";
import type { LearningRateRangeData, Spread } from "./range_data.ts";
import { withWords } from "./range_words.ts";
import type { RecordedRun } from "./recorded_run.ts";
import type { RangeTestSettings } from "./settings.ts";
import { smooth } from "../metrics/smoothing.ts";
import { suggestLearningRates } from "./suggestions.ts";

function pickBounds(bounds: { baseLr?: number; maxLr?: number }) {
  const { baseLr, maxLr } = bounds;
  return {
    ...(baseLr === undefined ? {} : { baseLr }),
    ...(maxLr === undefined ? {} : { maxLr }),
  };
}

function defined(values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined);
}

function extent(values: readonly number[]): Spread {
  return [Math.min(...values), Math.max(...values)];
}

/** The median on a logarithmic scale; exact where the count is odd. */
function middleRate(rates: readonly number[]): number | undefined {
  if (rates.length === 0) return undefined;
  if (rates.length % 2 === 1) return median(rates);
  return Math.exp(median(rates.map((rate) => Math.log(rate))));
}

/** The first of the values that occur most often. */
function mostCommon<T>(values: readonly T[]): T {
  const count = (value: T) => values.filter((one) => one === value).length;
  return values.reduce((a, b) => count(b) > count(a) ? b : a);
}

/** How far a run's bound is from the one of all runs, in e-folds. */
function distance(own: number | undefined, shared: number | undefined) {
  return own && shared ? Math.abs(Math.log(own / shared)) : 0;
}

/**
 * At each point the median of the curves, as far as half of them reach; NaN
 * where none is a finite number.
 */
function medianCurve(curves: readonly (readonly number[])[]): number[] {
  const lengths = curves.map((curve) => curve.length).sort((a, b) => b - a);
  const length = lengths[Math.floor((curves.length - 1) / 2)];
  return Array.from({ length }, (_, i) => {
    const values = curves.map((curve) => curve[i]).filter(Number.isFinite);
    return values.length > 0 ? median(values) : NaN;
  });
}

/**
 * The result of one or several runs over the same rates: the verdict that most
 * of them come to, the medians of those runs' bounds, and what the run found
 * whose bounds are nearest to these.
 */
export function combineRuns(
  recorded: readonly RecordedRun[],
  options: {
    /** With what they were run. */
    readonly settings: RangeTestSettings;
    /** The rates that were to be tested. */
    readonly grid: readonly number[];
  },
): LearningRateRangeData {
  const { grid, settings: { metric, ...given } } = options;
  const settings = metric === undefined
    ? given
    : { ...given, metric: directedMetric(metric) };
  const conclusions = recorded.map((run) => conclude(grid, run, settings));
  const verdict = mostCommon(conclusions.map(({ verdict }) => verdict));
  // Runs that found something else have no say in the bounds.
  const agreeing = conclusions.filter((one) => one.verdict === verdict);
  const bases = defined(agreeing.map(({ baseLr }) => baseLr));
  const maxima = defined(agreeing.map(({ maxLr }) => maxLr));
  const bounds = pickBounds({
    baseLr: middleRate(bases),
    maxLr: middleRate(maxima),
  });
  const typical = agreeing.reduce((a, b) =>
    distance(b.baseLr, bounds.baseLr) + distance(b.maxLr, bounds.maxLr) <
        distance(a.baseLr, bounds.baseLr) + distance(a.maxLr, bounds.maxLr)
      ? b
      : a
  );
  const typicalRun = recorded[conclusions.indexOf(typical)];
  const { finding, remedies, evidence } = typical;

  const losses = medianCurve(recorded.map((run) => run.losses));
  const smoothedLosses = Array.from(smooth(losses, settings.beta));
  const learningRates = grid.slice(0, losses.length);
  const metrics = Object.fromEntries(
    Object.keys(recorded[0].metrics).map((name) => [
      name,
      medianCurve(recorded.map((run) => run.metrics[name] ?? [])),
    ]),
  );
  const tested = typicalRun.losses.length +
    (typicalRun.stopReason === "non-finite" ? 1 : 0);
  return withWords({
    type: "LearningRateRange",
    version: 2,
    settings,
    ...bounds,
    learningRates,
    losses,
    smoothedLosses,
    metrics,
    suggestions: suggestLearningRates(learningRates, smoothedLosses),
    stopReason: typicalRun.stopReason,
    stoppedAt: grid[Math.min(grid.length, Math.max(1, tested)) - 1],
    verdict,
    finding,
    remedies,
    curve: drawnCurve({
      name: evidence.curve,
      better: evidence.better,
      values: valuesOf({ losses, metrics }, evidence.curve),
    }, evidence.noise),
    evidence,
    ...(recorded.length > 1 && bases.length > 0 && maxima.length > 0
      ? { spread: { baseLr: extent(bases), maxLr: extent(maxima) } }
      : {}),
    runs: recorded.map((run, i) => ({
      ...run,
      verdict: conclusions[i].verdict,
      ...pickBounds(conclusions[i]),
    })),
  });
}
