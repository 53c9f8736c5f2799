import {
  all,
  checkData,
  count,
  type Fault,
  finite,
  flag,
  listOf,
  mapOf,
  oneOf,
  optional,
  parseData,
  record,
  text,
} from "../runtime/check_data.ts";
import { readColumn, recordedNumber } from "../runtime/columns.ts";
import { valuesOf } from "./curves/choose_curve.ts";
import { remediesFor } from "./verdict/remedies.ts";
import { type FindingKind, VERDICT_NAMES } from "./result/finding.ts";
import { drawnCurve } from "./curves/curve.ts";
import type { GridResult } from "./result/grid_data.ts";
import { metricDirection } from "../metrics/direction.ts";
import type {
  LearningRateRangeData,
  RangeTestResult,
} from "./result/range_data.ts";
import { withWords } from "./words/range_words.ts";

/** What version 2 added to version 1. */
type Added =
  | "version"
  | "finding"
  | "remedies"
  | "headline"
  | "nextStep"
  | "ending"
  | "curve";

/** Data of version 1, whose direction was recorded later. */
type Version1 = Omit<LearningRateRangeData, Added | "verdict"> & {
  readonly verdict:
    | "good"
    | "flat"
    | "never-diverged"
    | "diverged-at-once"
    | "noisy"
    | "too-short";
};

function metricsWithNaN(
  metrics: { readonly [name: string]: readonly unknown[] },
): { [name: string]: number[] } {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, values]) => [name, readColumn(values)]),
  );
}

function gridWithNaN(grid: GridResult): GridResult {
  return {
    ...grid,
    points: grid.points.map((point) => {
      const [best, bestLr, noise] = readColumn([
        point.best,
        point.bestLr,
        point.noise,
      ]);
      return {
        ...point,
        values: readColumn(point.values),
        trend: readColumn(point.trend),
        best,
        bestLr,
        noise,
      };
    }),
  };
}

/** What was seen, as far as a verdict and the curve it came from tell. */
function findingOf(
  { verdict, stopReason, baseLr, losses }: Version1,
  points: number,
): FindingKind {
  const stopped = stopReason === "aborted";
  const blownUp = stopReason === "diverged" || stopReason === "non-finite";
  switch (verdict) {
    case "good":
      return "both-bounds";
    case "flat":
      return blownUp ? "no-improvement-before-divergence" : "no-improvement";
    case "never-diverged":
      return "still-improving";
    case "diverged-at-once":
      return losses.length === 0
        ? "first-loss-not-finite"
        : "diverged-before-improving";
    case "noisy":
      return "bounds-hidden-by-noise";
    case "too-short":
      if (baseLr !== undefined) return "stopped-while-improving";
      if (points < losses.length) return "too-few-finite";
      return stopped ? "stopped-before-improving" : "too-few-rates";
  }
}

function upgrade(data: Version1): LearningRateRangeData {
  const { settings, losses, advice } = data;
  const name = data.evidence.curve;
  // The direction was recorded later than names that do not tell it were read.
  const better = data.evidence.better ?? metricDirection(name) ?? "lower";
  const evidence = { ...data.evidence, better };
  const curve = drawnCurve(
    { name, better, values: valuesOf(data, name) },
    { rates: data.learningRates, noise: evidence.noise },
  );
  const points = curve.values.filter(Number.isFinite).length;
  const kind = findingOf(data, points);
  return {
    ...withWords({
      ...data,
      version: 2,
      finding: { kind, tested: losses.length, points },
      remedies: remediesFor(kind, { settings, evidence }),
      curve,
      evidence,
    }),
    // What was advised then.
    advice,
  };
}

const ACTION = "read a learning-rate range";

const NAMED = {
  type: oneOf("LearningRateRange"),
  version: oneOf(1, 2),
};

/** What each setting of a range test is. */
export const SETTINGS = {
  startLr: finite,
  endLr: finite,
  iterations: count,
  growth: oneOf("exponential", "linear"),
  batchesPerRate: count,
  beta: finite,
  repeats: count,
  validated: flag,
};

/** What ends a test. */
export const STOP_REASON = oneOf("end", "diverged", "non-finite", "aborted");

const numbers = listOf(recordedNumber);

const RUN = {
  losses: numbers,
  metrics: mapOf(numbers),
  stopReason: STOP_REASON,
  verdict: oneOf(...VERDICT_NAMES),
  baseLr: optional(finite),
  maxLr: optional(finite),
};

const bound = optional(record({ learningRate: recordedNumber }));

/** What both versions have. */
const RESULT = all(
  record({
    ...RUN,
    settings: record(SETTINGS),
    learningRates: listOf(finite),
    smoothedLosses: numbers,
    suggestions: record({ reasons: optional(mapOf(text)) }),
    stoppedAt: finite,
    advice: text,
    evidence: record({
      curve: text,
      start: recordedNumber,
      best: recordedNumber,
      noise: recordedNumber,
      clarity: recordedNumber,
      base: bound,
      max: bound,
    }),
    runs: listOf(record(RUN)),
  }),
  (value, path) => {
    const { learningRates, losses, smoothedLosses, metrics } =
      value as RangeTestResult;
    const columns = { losses, smoothedLosses, ...prefixed(metrics) };
    return uneven(columns, learningRates, path);
  },
  (value, path) => {
    const { verdict, baseLr, maxLr } = value as RangeTestResult;
    if (verdict !== "good") return undefined;
    const bounds = { baseLr, maxLr };
    const [lacking] = Object.entries(bounds)
      .filter(([, bound]) => bound === undefined);
    if (lacking === undefined) return undefined;
    const must = `be a finite number where verdict is "good"`;
    return { path: `${path}${lacking[0]}`, must, value: undefined };
  },
);

function prefixed<T>(
  metrics: { readonly [name: string]: T },
): { [path: string]: T } {
  return Object.fromEntries(
    Object.entries(metrics).map((
      [name, column],
    ) => [`metrics.${name}`, column]),
  );
}

/** The first column that has another number of rows than `rates`. */
function uneven(
  columns: { readonly [path: string]: readonly unknown[] },
  rates: readonly unknown[],
  path: string,
): Fault | undefined {
  for (const [name, { length }] of Object.entries(columns)) {
    if (length === rates.length) continue;
    return {
      path: `${path}${name}`,
      must: `have as many numbers as learningRates (${rates.length})`,
      value: length,
    };
  }
}

/** What version 2 has besides. */
const ADDED = all(
  record({
    finding: record({ kind: text }),
    remedies: listOf(record({})),
    headline: text,
    ending: text,
    curve: record({
      name: text,
      better: oneOf("higher", "lower"),
      values: numbers,
      trend: numbers,
      balanced: optional(flag),
    }),
    grid: optional(record({
      curve: text,
      better: oneOf("higher", "lower"),
      points: listOf(record({
        weightDecay: optional(finite),
        momentum: optional(finite),
        label: text,
        learningRates: listOf(finite),
        values: numbers,
        trend: numbers,
        best: recordedNumber,
        bestLr: recordedNumber,
        highestLr: optional(finite),
        noise: recordedNumber,
      })),
      best: optional(count),
      advice: text,
    })),
  }),
  (value, path) => {
    const { learningRates, curve } = value as LearningRateRangeData;
    const { values, trend } = curve;
    const columns = { "curve.values": values, "curve.trend": trend };
    return uneven(columns, learningRates, path);
  },
  (value, path) => {
    const { grid } = value as LearningRateRangeData;
    for (const [i, point] of (grid?.points ?? []).entries()) {
      const { learningRates, values, trend } = point;
      const at = `${path}grid.points[${i}].`;
      const fault = uneven({ values, trend }, learningRates, at);
      if (fault) return fault;
    }
  },
);

/**
 * The data of a range from its JSON, in the form of today.
 *
 * @param json The text, or the object it stands for.
 * @throws {TypeError} If the data are not those of a `LearningRateRange`.
 */
export function readRange(json: unknown): LearningRateRangeData {
  const given = parseData(ACTION, json);
  checkData(ACTION, given, record(NAMED));
  const { version } = given as { version: 1 | 2 };
  checkData(ACTION, given, version === 1 ? RESULT : all(RESULT, ADDED));
  const copy = structuredClone(given) as RangeTestResult;
  const data = {
    ...copy,
    type: "LearningRateRange" as const,
    metrics: metricsWithNaN(copy.metrics),
    runs: copy.runs.map((run) => ({
      ...run,
      metrics: metricsWithNaN(run.metrics),
    })),
  };
  if (version === 1) return upgrade(data as Version1);
  const { curve, grid } = copy;
  return {
    ...data,
    ...(grid && { grid: gridWithNaN(grid) }),
    version: 2,
    losses: readColumn(copy.losses),
    curve: {
      ...curve,
      values: readColumn(curve.values),
      trend: readColumn(curve.trend),
    },
  };
}
