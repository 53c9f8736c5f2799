import { valuesOf } from "./choose_curve.ts";
import { type FindingKind, remediesFor } from "./conclude.ts";
import { drawnCurve } from "./curve.ts";
import { metricDirection } from "../metrics/direction.ts";
import type { LearningRateRangeData, RangeTestResult } from "./range_data.ts";
import { withWords } from "./range_words.ts";

/** What JSON makes of a list of numbers, NaN among them. */
type WithNulls = readonly (number | null)[];

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
type Version1 = Omit<LearningRateRangeData, Added>;

function withNaN(values: WithNulls): number[] {
  return values.map((value) => value ?? NaN);
}

function metricsWithNaN(
  metrics: { readonly [name: string]: WithNulls },
): { [name: string]: number[] } {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, values]) => [name, withNaN(values)]),
  );
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
    evidence.noise,
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

/**
 * The data of a range from its JSON, in the form of today.
 *
 * @throws {TypeError} If the data are not those of a `LearningRateRange`.
 */
export function readRange(json: unknown): LearningRateRangeData {
  const given = json as { type?: unknown; version?: unknown } | null;
  const { type, version } = given ?? {};
  if (
    type !== "LearningRateRange" || (version !== 1 && version !== 2)
  ) {
    throw new TypeError(
      `Cannot read a learning-rate range as the data must have type "LearningRateRange" and version 1 or 2: current value is ${
        JSON.stringify({ type, version })
      }`,
    );
  }
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
  if (version === 1) return upgrade(data);
  const { curve } = copy;
  return {
    ...data,
    version: 2,
    curve: {
      ...curve,
      values: withNaN(curve.values),
      trend: withNaN(curve.trend),
    },
  };
}
