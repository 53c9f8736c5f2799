import { extremes } from "../metrics/extremes.ts";
import type { CurveEvidence } from "./curves/bounds.ts";
import { curveOf, valuesOf } from "./curves/choose_curve.ts";
import type { Circumstances } from "./circumstances/circumstances.ts";
import { conclude, type Conclusion } from "./verdict/conclude.ts";
import { remediesFor } from "./verdict/remedies.ts";
import { type FindingKind, verdictOf } from "./result/finding.ts";
import { overrule } from "./verdict/overrule.ts";
import { hasRisenAtEnd, hasRisenAtOnce } from "./curves/risen.ts";
import { drawnCurve, type RangeCurve } from "./curves/curve.ts";
import { median } from "../metrics/median.ts";
import { directedMetric } from "../metrics/direction.ts";
import type {
  LearningRateRangeData,
  RangeTestResult,
  Spread,
} from "./result/range_data.ts";
import type { RangeTestCost } from "./result/range_test_cost.ts";
import { withWords } from "./words/range_words.ts";
import type { RecordedRun } from "./curves/recorded_run.ts";
import type { Search } from "./runs/search_setup.ts";
import type { RangeTestSettings } from "./options/settings.ts";
import { learnedByHeart } from "./verdict/by_heart.ts";
import { preferredRate } from "./curves/preferred_rate.ts";
import { smooth } from "../metrics/smoothing.ts";
import { suggestLearningRates } from "./curves/suggestions.ts";

function pickBounds(bounds: { baseLr?: number; maxLr?: number }) {
  const { baseLr, maxLr } = bounds;
  return {
    ...(baseLr === undefined ? {} : { baseLr }),
    ...(maxLr === undefined ? {} : { maxLr }),
  };
}

/** Bounds as they are stated, within the rates that were tested. */
function stated(
  { baseLr, maxLr }: { baseLr?: number; maxLr?: number },
  { startLr, endLr }: RangeTestSettings,
) {
  const within = { least: startLr, greatest: endLr };
  const round = (rate: number | undefined) =>
    rate === undefined ? undefined : preferredRate(rate, within);
  return pickBounds({ baseLr: round(baseLr), maxLr: round(maxLr) });
}

function defined(values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined);
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

/** A run's curve with what comes before its first rate left empty. */
function placed(
  values: readonly number[],
  { from = 0 }: RecordedRun,
): readonly number[] {
  return [...new Array<number>(from).fill(NaN), ...values];
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

/** What the test knows beside its runs. */
export interface Known {
  /** What a search for the bounds came to. */
  readonly search?: Search;
  /** What was seen of data and trainee. */
  readonly circumstances?: Circumstances;
  /** What the test cost. */
  readonly cost?: RangeTestCost;
  /** Batches in a pass over the data. */
  readonly batchesPerEpoch?: number;
}

/** What all runs together allow one to conclude. */
interface Together extends Conclusion {
  readonly intervals?: RangeTestResult["intervals"];
}

/** What a curve shows that ends for want of batches. */
const ENDED_EARLY: ReadonlySet<FindingKind> = new Set([
  "no-improvement",
  "still-improving",
  "levelled-off",
  "too-few-rates",
]);

/** The bounds that a search gives, with what its typical run found. */
function concludeSearch(
  search: Search,
  typical: Conclusion,
): Together {
  const { baseLr, maxLr, halfWidths, raised = 0, trials } = search;
  const kind = maxLr === undefined ? "trials-failed" : "both-bounds";
  const isUntried = trials.length === 0 && kind === "both-bounds" &&
    typical.finding.kind !== "both-bounds";
  if (baseLr === undefined || isUntried) {
    if (!search.isCut || !ENDED_EARLY.has(typical.finding.kind)) return typical;
    const finding = { ...typical.finding, kind: "batches-spent" as const };
    const { evidence, remedies } = typical;
    return { evidence, remedies, finding, verdict: verdictOf(finding.kind) };
  }
  const interval = (rate: number, halfWidth: number): Spread => [
    rate / 10 ** (halfWidth + raised),
    rate * 10 ** halfWidth,
  ];
  // What a sweep alone would have for a maximum, trials had the last word on.
  const { thumb: _thumb, maxLr: _maxLr, ...found } = typical;
  return {
    ...found,
    baseLr,
    ...pickBounds({ maxLr }),
    ...(maxLr === undefined ? {} : {
      intervals: {
        baseLr: interval(baseLr, halfWidths!.baseLr),
        maxLr: interval(maxLr, halfWidths!.maxLr),
      },
    }),
    verdict: verdictOf(kind),
    finding: { ...typical.finding, kind },
  };
}

/**
 * The result of one or several runs over the same rates: the verdict that most
 * of them come to, the medians of those runs' bounds, and what the run found
 * whose bounds are nearest to these; or what a search found. What was seen of the
 * data and the trainee has the last word.
 */
export function combineRuns(
  recorded: readonly RecordedRun[],
  options: Known & {
    /** With what they were run. */
    readonly settings: RangeTestSettings;
    /** The rates that were to be tested. */
    readonly grid: readonly number[];
  },
): LearningRateRangeData {
  const { grid, search, circumstances, cost, batchesPerEpoch } = options;
  const { settings: { metric, ...given } } = options;
  const settings = metric === undefined
    ? given
    : { ...given, metric: directedMetric(metric) };
  const conclusions = recorded.map((run) =>
    conclude(grid.slice(run.from ?? 0), run, settings)
  );
  // Where a search found bounds, runs that found some.
  const telling = conclusions.filter(({ baseLr }) =>
    search?.baseLr !== undefined && baseLr !== undefined
  );
  const verdict = mostCommon(
    (telling.length > 0 ? telling : conclusions).map(({ verdict }) => verdict),
  );
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
  const from = typicalRun.from ?? 0;
  const together: Together = search
    ? concludeSearch(search, { ...typical, ...bounds })
    : { ...typical, ...bounds };
  const ofLoss = typical.evidence.curve === "loss"
    ? undefined
    : conclude(grid.slice(from), typicalRun, given);
  const { isNear, isStuck, thrownFrom, ...overruled } =
    (circumstances && overrule(together, {
      circumstances,
      trials: search?.trials ?? [],
      losses: typicalRun.losses,
      ...(typicalRun.references && { references: typicalRun.references }),
      ...(ofLoss && { ofLoss }),
    })) ?? {};
  const finding = { ...together.finding, ...overruled };
  const keepsBounds = finding.kind === together.finding.kind ||
    finding.kind === "batch-holds-all" ||
    finding.kind === "frequencies-only" ||
    finding.kind === "baseline-not-passed" ||
    finding.kind === "pairs-not-learned" ||
    finding.kind === "inputs-unused" || finding.kind === "batches-unused";

  const losses = medianCurve(recorded.map((run) => placed(run.losses, run)));
  const smoothedLosses = Array.from(smooth(losses, settings.beta));
  const learningRates = grid.slice(0, losses.length);
  const metrics = Object.fromEntries(
    Object.keys(recorded[0].metrics).map((name) => [
      name,
      medianCurve(
        recorded.map((run) => placed(run.metrics[name] ?? [], run)),
      ),
    ]),
  );
  const tested = typicalRun.losses.length +
    (typicalRun.stopReason === "non-finite" ? 1 : 0);
  const stoppedAt = grid[
    Math.min(grid.length - 1, from + Math.max(0, tested - 1))
  ];
  const hasDiverged = typicalRun.stopReason === "diverged" ||
    typicalRun.stopReason === "non-finite";
  const evidence = moved(typical.evidence, from);
  const drawn = recorded.length === 1 || search
    ? curveOf(typicalRun, evidenceMetric(evidence))
    : {
      ...evidenceMetric(evidence),
      values: valuesOf({ losses, metrics }, evidence.curve),
    };
  const byHeart = search?.maxLr !== undefined && circumstances &&
    learnedByHeart(search.trials, { maxLr: search.maxLr, circumstances });
  return withWords({
    type: "LearningRateRange",
    version: 2,
    settings,
    ...(keepsBounds ? stated(together, settings) : {}),
    learningRates,
    losses,
    smoothedLosses,
    metrics,
    suggestions: suggestLearningRates(learningRates, smoothedLosses),
    stopReason: typicalRun.stopReason,
    stoppedAt,
    verdict: verdictOf(finding.kind),
    finding,
    remedies: remediesFor(finding.kind, {
      settings,
      // A sentence on the loss is made from what the loss shows.
      evidence: finding.kind === together.finding.kind
        ? evidence
        : ofLoss?.evidence ?? evidence,
      circumstances,
      isNear,
      isStuck,
      ...(thrownFrom === undefined ? {} : { thrownFrom }),
      hasRisen: hasRisenAtOnce(typicalRun),
      endsHigher: hasRisenAtEnd(typicalRun),
      hasMax: together.maxLr !== undefined,
      ...(byHeart && { byHeart }),
      isReferenced: typicalRun.references !== undefined,
      ...(hasDiverged ? { divergedAt: stoppedAt } : {}),
    }),
    curve: shifted(
      drawnCurve(drawn, {
        rates: grid.slice(search ? from : 0),
        noise: evidence.noise,
      }),
      learningRates.length,
      search ? from : 0,
    ),
    evidence,
    ...(keepsBounds && together.intervals
      ? { intervals: together.intervals }
      : {}),
    ...(keepsBounds && together.thumb ? { thumb: together.thumb } : {}),
    ...(search && search.trials.length > 0 ? { trials: search.trials } : {}),
    ...(cost ? { cost } : {}),
    ...(batchesPerEpoch === undefined ? {} : { batchesPerEpoch }),
    ...(recorded.length > 1 && bases.length > 0 && maxima.length > 0
      ? { spread: { baseLr: extremes(bases), maxLr: extremes(maxima) } }
      : {}),
    runs: recorded.map((run, i) => ({
      ...recordOf(run),
      verdict: conclusions[i].verdict,
      ...pickBounds(conclusions[i]),
    })),
  });
}

function evidenceMetric({ curve: name, better }: CurveEvidence) {
  return { name, better };
}

/** A run without what else its measurement knows. */
function recordOf(run: RecordedRun): RecordedRun {
  const { losses, metrics, stopReason, references, from } = run;
  return {
    losses,
    metrics,
    stopReason,
    ...(references ? { references } : {}),
    ...(from ? { from } : {}),
  };
}

/** Evidence whose points are counted from the first of all rates. */
function moved(evidence: CurveEvidence, by: number): CurveEvidence {
  const { base, hidden, lost, max, ...rest } = evidence;
  return {
    ...rest,
    ...(base && { base: { ...base, index: base.index + by } }),
    ...(hidden && { hidden: { ...hidden, index: hidden.index + by } }),
    ...(lost && { lost: { ...lost, index: lost.index + by } }),
    ...(max && { max: { ...max, index: max.index + by } }),
  };
}

/** A curve of some of the rates as one of all of them. */
function shifted(
  curve: RangeCurve,
  length: number,
  by: number,
): RangeCurve {
  const place = (values: readonly number[]) =>
    Array.from({ length }, (_, i) => values[i - by] ?? NaN);
  return {
    ...curve,
    values: place(curve.values),
    trend: place(curve.trend),
  };
}
