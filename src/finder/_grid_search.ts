import { type DirectedMetric, directedMetric } from "../metrics/direction.ts";
import type { GridPoint, GridResult } from "./result/grid_data.ts";
import { chooseGridPoint } from "./verdict/choose_grid_point.ts";
import { wordGrid, wordPoint } from "./words/grid_words.ts";
import {
  type HyperparameterGrid,
  type Hyperparameters,
  pointsOf,
} from "./options/hyperparameter_grid.ts";
import { levelCurve } from "./curves/level_curve.ts";
import { LearningRateRange } from "./range.ts";
import type { RangeTestSettings } from "./options/settings.ts";

/** What the search of a grid needs. */
export interface GridSearchSetup {
  /** The hyperparameters. */
  readonly grid: HyperparameterGrid;
  /** How the test was asked for. */
  readonly settings: RangeTestSettings;
  /** Rates a decade where the test chooses its rates for itself. */
  readonly pace: number;
  /** Stops it; what was recorded by then is returned. */
  readonly signal: AbortSignal | undefined;
  /** Runs a test from the first weights and the first batch. */
  test(
    settings: RangeTestSettings,
    point: Hyperparameters,
  ): Promise<LearningRateRange>;
}

/** The same rates for every point, so that their curves can be laid together. */
function sharedSettings(
  { settings, pace }: GridSearchSetup,
  metric: DirectedMetric,
): RangeTestSettings {
  const { maxBatches, startLr, endLr, ...given } = settings;
  const decades = Math.log10(endLr / startLr);
  return {
    ...given,
    startLr,
    endLr,
    // A test that chooses its rates tests them at equal factors.
    ...(maxBatches === undefined
      ? {}
      : { iterations: Math.round(decades * pace) + 1 }),
    metric,
  };
}

/** The losses at the first weights of the batches of a single run. */
function referencesOf(
  { runs, curve }: LearningRateRange,
): readonly number[] | undefined {
  return curve.name === "loss" && runs.length === 1
    ? runs[0].references
    : undefined;
}

/** What of a point's range is kept. */
function pointOf(
  point: Hyperparameters,
  range: LearningRateRange,
  first: LearningRateRange,
): GridPoint {
  const { evidence, learningRates, stopReason, verdict } = range;
  const { name, better, values } = range.curve;
  const references = referencesOf(range);
  const usual = referencesOf(first) ?? [];
  const { trend, best, index } = levelCurve({
    name,
    better,
    values,
    ...(references && { references }),
    blewUp: stopReason === "diverged" || stopReason === "non-finite",
  }, {
    rates: learningRates,
    noise: evidence.noise,
    usual: usual.reduce((sum, value) => sum + value, 0) / usual.length,
  });
  const hasImproved = evidence.base !== undefined ||
    evidence.hidden !== undefined;
  return {
    ...point,
    label: wordPoint(point),
    learningRates,
    values,
    trend,
    stopReason,
    verdict,
    best,
    bestLr: index < 0 ? NaN : learningRates[index],
    ...(hasImproved
      ? { highestLr: evidence.lost?.learningRate ?? learningRates.at(-1)! }
      : {}),
    noise: evidence.noise,
  };
}

/**
 * A curve for each point of a grid, and a test at the best of them, which is the
 * result; or what there is where a signal stopped it.
 */
export async function searchGrid(
  setup: GridSearchSetup,
): Promise<LearningRateRange> {
  const { grid, settings, signal, test } = setup;
  const metric = directedMetric(settings.metric ?? "loss");
  const shared = sharedSettings(setup, metric);
  const ranges: LearningRateRange[] = [];
  const points: GridPoint[] = [];
  const cost = { trained: 0, evaluated: 0 };
  const tested: Hyperparameters[] = [];
  for (const point of pointsOf(grid)) {
    tested.push(point);
    const range = await test(shared, point);
    ranges.push(range);
    points.push(pointOf(point, range, ranges[0]));
    cost.trained += range.cost?.trained ?? 0;
    cost.evaluated += range.cost?.evaluated ?? 0;
    if (signal?.aborted) break;
  }
  const { name: curve, better } = metric;
  const isWhole = !signal?.aborted;
  const { start } = ranges[0].evidence;
  const chosen = isWhole
    ? chooseGridPoint(points, { better, start })
    : undefined;
  const found = { curve, better, points, cost, ...chosen };
  const result: GridResult = { ...found, advice: wordGrid(found) };
  const best = chosen?.best ?? points.length - 1;
  const range = chosen && settings.maxBatches !== undefined
    ? await test(settings, tested[best])
    : ranges[best];
  return LearningRateRange.fromJSON({ ...range.toJSON(), grid: result });
}
