import {
  type CurveEvidence,
  findBounds,
  LOCATING_BASE_CLARITY,
  LOCATING_CLARITY,
  MINIMUM_POINTS,
  SIGNIFICANT_CLARITY,
} from "./bounds.ts";
import {
  directedMetric,
  type Metric,
  metricDirection,
} from "../metrics/direction.ts";
import type { RangeTestSettings, StopReason, Verdict } from "./result.ts";

/** What one run of the test recorded. */
export interface RecordedRun {
  readonly losses: readonly number[];
  readonly metrics: { readonly [name: string]: readonly number[] };
  readonly stopReason: StopReason;
}

/** What a run allows one to conclude. */
export interface Conclusion {
  readonly baseLr?: number;
  readonly maxLr?: number;
  readonly verdict: Verdict;
  readonly advice: string;
  readonly evidence: CurveEvidence;
}

/** Throws unless `metric`, where there is one, is the loss or recorded. */
export function checkMetric(
  metric: Metric | undefined,
  metrics: { readonly [name: string]: unknown },
): void {
  if (metric === undefined) return;
  const { name } = directedMetric(metric);
  if (name === "loss" || Object.hasOwn(metrics, name)) return;
  throw new RangeError(
    `Cannot read the bounds as metric must be one of ${
      ["loss", ...Object.keys(metrics)].join(", ")
    }: current value is "${name}"`,
  );
}

/**
 * The curve that the bounds are read from: accuracy, as in the paper, or what
 * else is known to be better when higher, unless the loss shows the start of
 * the improvement more clearly. The accuracy of
 * single batches is a multiple of 1 / batch size and as noisy at the foot as
 * anywhere, whereas the loss is quiet there.
 */
function readCurve(
  learningRates: readonly number[],
  run: RecordedRun,
  metric: Metric | undefined,
): CurveEvidence {
  const curveOf = (name: string) =>
    name === "loss" ? run.losses : run.metrics[name];
  const read = (metric: Metric) =>
    findBounds(learningRates, curveOf(directedMetric(metric).name), metric);
  if (metric !== undefined) {
    // A run that recorded nothing has no metrics.
    if (run.losses.length === 0) return read("loss");
    checkMetric(metric, run.metrics);
    return readFinite(
      learningRates,
      curveOf(directedMetric(metric).name),
      metric,
    );
  }
  const loss = read("loss");
  return Object.keys(run.metrics)
    .filter((name) => metricDirection(name) === "higher")
    .filter((name) => run.metrics[name].every(Number.isFinite))
    .map(read)
    .reduce(
      (chosen, curve) =>
        curve.baseClarity >= chosen.baseClarity && curve.max ? curve : chosen,
      loss,
    );
}

/** Where a curve has numbers: precision is NaN for some batches. */
export function finitePoints(curve: ArrayLike<number>): number[] {
  return Array.from(curve, (_, i) => i).filter((i) =>
    Number.isFinite(curve[i])
  );
}

/** The bounds of the curve without the points that are not finite. */
function readFinite(
  learningRates: readonly number[],
  curve: readonly number[],
  metric: Metric,
): CurveEvidence {
  const kept = finitePoints(curve);
  const { base, max, ...evidence } = findBounds(
    kept.map((i) => learningRates[i]),
    kept.map((i) => curve[i]),
    metric,
  );
  return {
    ...evidence,
    ...(base && { base: { ...base, index: kept[base.index] } }),
    ...(max && { max: { ...max, index: kept[max.index] } }),
  };
}

/** Judges one run: its bounds where the curve supports them, and what to do. */
export function conclude(
  learningRates: readonly number[],
  run: RecordedRun,
  settings: RangeTestSettings,
): Conclusion {
  const evidence = readCurve(learningRates, run, settings.metric);
  const tested = run.losses.length;
  const points = evidence.curve === "loss"
    ? tested
    : finitePoints(run.metrics[evidence.curve]).length;
  const blownUp = run.stopReason === "diverged" ||
    run.stopReason === "non-finite";
  const what = evidence.curve === "loss" ? "The loss" : `"${evidence.curve}"`;
  const give = (
    verdict: Verdict,
    advice: string,
    bounds: { baseLr?: number; maxLr?: number } = {},
  ): Conclusion => ({ verdict, advice, evidence, ...bounds });

  if (points < tested && points < MINIMUM_POINTS) {
    return give(
      "too-short",
      `${what} is a finite number at ${points} of ${tested} rates: name another metric, such as loss.`,
    );
  }
  const improved = points >= MINIMUM_POINTS &&
    evidence.clarity >= SIGNIFICANT_CLARITY;
  if (blownUp && !improved) {
    if (tested === 0) {
      return give(
        "diverged-at-once",
        "The very first loss, before any rate was used, is not a finite number: check the data and the loss function.",
      );
    }
    if (tested < Math.max(MINIMUM_POINTS, settings.iterations / 4)) {
      const { startLr, endLr, growth, iterations } = settings;
      // A linear test is past the first few steps wherever it starts.
      const isCoarse = growth === "linear" &&
        startLr < (endLr - startLr) / (iterations - 1);
      return give(
        "diverged-at-once",
        `Training diverged before it improved: lower ${
          isCoarse
            ? `endLr, to ${shortRate(endLr / 100)}`
            : `startLr, to ${shortRate(startLr / 100)}`
        } say.`,
      );
    }
    return give(
      "flat",
      "Training diverged without having improved before: check that labels fit inputs, or raise iterations.",
    );
  }
  const stopped = run.stopReason === "aborted";
  if (stopped && !improved) {
    return give(
      "too-short",
      `The test was stopped after ${tested} of ${settings.iterations} rates, before training improved: let it run on.`,
    );
  }
  if (points < MINIMUM_POINTS) {
    return give(
      "too-short",
      `${points} rates are too few to see a trend: set iterations to 120 or so.`,
    );
  }
  if (!improved) {
    return give(
      "flat",
      `${what} did not improve at any rate: raise endLr, to ${
        shortRate(settings.endLr * 100)
      } say, and check that labels fit inputs.`,
    );
  }
  if (
    evidence.clarity < LOCATING_CLARITY ||
    evidence.baseClarity < LOCATING_BASE_CLARITY
  ) {
    return give(
      "noisy",
      `${what} improved, but its noise hides where: set batchesPerRate to ${
        Math.max(2, settings.batchesPerRate * 4)
      }, or use a larger batch.`,
    );
  }
  const baseLr = evidence.base!.learningRate;
  if (!evidence.max) {
    return stopped
      ? give(
        "too-short",
        `The test was stopped after ${tested} of ${settings.iterations} rates, while training still improved: let it run on.`,
        { baseLr },
      )
      : give(
        "never-diverged",
        `${what} still improved at the end of the range: raise endLr, to ${
          shortRate(settings.endLr * 100)
        } say.`,
        { baseLr },
      );
  }
  const maxLr = evidence.max.learningRate;
  if (!(maxLr > baseLr)) {
    return give(
      "noisy",
      `${what} improved over fewer than two rates: raise iterations.`,
    );
  }
  return give(
    "good",
    "Train with a cyclic schedule between the two bounds.",
    { baseLr, maxLr },
  );
}

/** The options that an advice names. */
const ADVISED = /\b(startLr|endLr|iterations|batchesPerRate)\b/g;

/** An advice as who runs the command can follow it: `--end-lr` for `endLr`. */
export function withFlags(advice: string): string {
  return advice.replace(
    ADVISED,
    (name) => "--" + name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`),
  );
}

/** A rate in few characters: 0.0042, 1e-7. */
export function shortRate(rate: number): string {
  const rounded = Number(rate.toPrecision(2));
  return rounded === 0 || rounded >= 1e-4 && rounded < 1e4
    ? String(rounded)
    : rounded.toExponential().replace("e+", "e");
}
