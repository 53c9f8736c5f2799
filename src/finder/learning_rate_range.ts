import { showInNotebooks } from "../runtime/notebook.ts";
import { toCsv } from "../training/history.ts";
import {
  conclude,
  finitePoints,
  type RecordedRun,
  shortRate,
  withFlags,
} from "./_analysis.ts";
import { drawChart } from "./_chart.ts";
import { rangeView } from "./_notebook.ts";
import { type CurveEvidence, smoothCurve } from "./bounds.ts";
import { median } from "../metrics/median.ts";
import { type Growth, learningRateGrid } from "./learning_rate_grid.ts";
import { directedMetric, metricDirection } from "../metrics/direction.ts";
import type { RangeTestSettings, StopReason, Verdict } from "./result.ts";
import { smooth } from "./smoothing.ts";
import {
  type LearningRateSuggestions,
  suggestLearningRates,
} from "./suggestions.ts";

/** One run of the test, of which there are `repeats`. */
export interface RangeTestRun {
  /** The loss at each rate, up to where the run stopped. */
  readonly losses: readonly number[];
  /** Other metrics at each rate, by name. */
  readonly metrics: { readonly [name: string]: readonly number[] };
  /** Why the run stopped. */
  readonly stopReason: StopReason;
  /** What this run alone would have found. */
  readonly verdict: Verdict;
  /** Its lower bound, if any. */
  readonly baseLr?: number;
  /** Its upper bound, if any. */
  readonly maxLr?: number;
}

/** The least and the greatest of several runs. */
export type Spread = readonly [least: number, greatest: number];

/** A {@linkcode LearningRateRange} as plain data. */
export interface LearningRateRangeData {
  /** Says what these data are. */
  readonly type: "LearningRateRange";
  /** Of this format. */
  readonly version: 1;
  /** With what the test was run. */
  readonly settings: RangeTestSettings;
  /** The lower bound, where the curve supports one. */
  readonly baseLr?: number;
  /** The upper bound, where the curve supports one. */
  readonly maxLr?: number;
  /** The rates tested. */
  readonly learningRates: readonly number[];
  /** The loss at each rate. */
  readonly losses: readonly number[];
  /** The loss smoothed by `beta`. */
  readonly smoothedLosses: readonly number[];
  /** Other metrics at each rate, by name; NaN, in JSON null, where there is none. */
  readonly metrics: { readonly [name: string]: readonly number[] };
  /** What published rules pick. */
  readonly suggestions: LearningRateSuggestions;
  /** Why the test stopped. */
  readonly stopReason: StopReason;
  /** The rate at which it stopped. */
  readonly stoppedAt: number;
  /** What the test found. */
  readonly verdict: Verdict;
  /** What to do next, in a sentence. */
  readonly advice: string;
  /** From what the bounds were read. */
  readonly evidence: CurveEvidence;
  /** Least and greatest bounds of several runs. */
  readonly spread?: {
    /** Of the lower bound. */
    readonly baseLr: Spread;
    /** Of the upper bound. */
    readonly maxLr: Spread;
  };
  /** Each run. */
  readonly runs: readonly RangeTestRun[];
}

/** Options of {@linkcode LearningRateRange.format}. */
export interface FormatOptions {
  /** Whether to colour the marks of the bounds. @default {false} */
  readonly color?: boolean;
  /** Columns, at least 40. @default {80} */
  readonly width?: number;
  /**
   * Whether to name options as the command's flags, `--end-lr` for `endLr`.
   *
   * @default {false}
   */
  readonly flags?: boolean;
}

/** Rows of the plotting area of the terminal chart. */
const CHART_HEIGHT = 14;

const STOPPED: { readonly [Reason in StopReason]: string } = {
  end: "every rate was tested",
  diverged: "the loss diverged",
  "non-finite": "the loss was not a finite number",
  aborted: "the signal stopped it",
};

/**
 * What a learning-rate range test found: both bounds for a cyclic schedule, the
 * curve and evidence they were read from, and what to do where there are none.
 * {@linkcode findLearningRate} makes one, `CyclicLR.fromRange` takes it, and
 * `` `${range}` `` is a chart for the terminal.
 *
 * The bounds follow Smith's rule (2015, section 3.3) on the curve smoothed by
 * local linear regression. With the improvement D from the level before it to
 * the best one, `baseLr` is where a third of D is made for good. `maxLr` is the
 * first of three: where the curve rises (short of where a third of D is lost
 * again), slows (three times as long after two thirds of D as it took from one
 * third to two), or turns ragged (its noise three times what it was, and as
 * large as D). {@linkcode CurveEvidence} has the points and slopes. All this
 * stays the same when a constant is added to the losses or they are scaled.
 *
 * @example
 * ```ts
 * import { LearningRateRange } from "@clr/clr";
 *
 * const rates = Array.from({ length: 80 }, (_, i) => 1e-5 * 10 ** (i / 20));
 * const losses = rates.map((rate) =>
 *   2.3 - 0.8 / (1 + (1e-3 / rate) ** 2) + (rate / 0.02) ** 4
 * );
 * const range = LearningRateRange.fromCurve(rates, losses);
 * console.log(range.baseLr, range.maxLr, range.verdict);
 * console.log(`${range}`);
 * ```
 */
export class LearningRateRange {
  readonly #data: LearningRateRangeData;

  private constructor(data: LearningRateRangeData) {
    this.#data = deepFreeze(data);
  }

  /** The lower bound of a cycle, or undefined where the curve supports none. */
  get baseLr(): number | undefined {
    return this.#data.baseLr;
  }

  /** The upper bound of a cycle, or undefined where the curve supports none. */
  get maxLr(): number | undefined {
    return this.#data.maxLr;
  }

  /** The rates tested, up to where the test stopped. */
  get learningRates(): readonly number[] {
    return this.#data.learningRates;
  }

  /** The loss at each rate: of several runs, the median. */
  get losses(): readonly number[] {
    return this.#data.losses;
  }

  /** The losses after bias-corrected exponential smoothing by `beta`. */
  get smoothedLosses(): readonly number[] {
    return this.#data.smoothedLosses;
  }

  /** The other metrics at each rate, by name: of several runs, the median. */
  get metrics(): { readonly [name: string]: readonly number[] } {
    return this.#data.metrics;
  }

  /** Single rates that published rules pick from the smoothed losses. */
  get suggestions(): LearningRateSuggestions {
    return this.#data.suggestions;
  }

  /** Why the test stopped. */
  get stopReason(): StopReason {
    return this.#data.stopReason;
  }

  /** The rate at which it stopped. */
  get stoppedAt(): number {
    return this.#data.stoppedAt;
  }

  /** What the test found, in a word. */
  get verdict(): Verdict {
    return this.#data.verdict;
  }

  /** What to do next, in a sentence. */
  get advice(): string {
    return this.#data.advice;
  }

  /** From which points of which curve the bounds were read. */
  get evidence(): CurveEvidence {
    return this.#data.evidence;
  }

  /** Least and greatest bounds of several runs; undefined for a single run. */
  get spread(): LearningRateRangeData["spread"] {
    return this.#data.spread;
  }

  /** Each run; the bounds of the range are the medians of theirs. */
  get runs(): readonly RangeTestRun[] {
    return this.#data.runs;
  }

  /** With what the test was run. */
  get settings(): RangeTestSettings {
    return this.#data.settings;
  }

  /**
   * Concludes from a curve that was recorded elsewhere.
   *
   * @param learningRates The rates, increasing.
   * @param losses The loss at each rate, or at the first ones if the test
   * stopped. The curve is cut at the first loss that is not finite.
   * @param options Other curves, settings, and why it stopped. How the rate
   * grows is told from the rates where it is not given.
   * @throws {RangeError} If there are more losses than rates or no rates, these
   * do not increase, or `metric` names no curve or one of unknown direction.
   */
  static fromCurve(
    learningRates: readonly number[],
    losses: readonly number[],
    options: Partial<RangeTestSettings> & {
      /** Other metrics at each rate, by name. @default {{}} */
      readonly metrics?: { readonly [name: string]: readonly number[] };
      /** Why the test stopped. @default {"end"} */
      readonly stopReason?: StopReason;
    } = {},
  ): LearningRateRange {
    const [first] = learningRates;
    if (
      learningRates.length < Math.max(1, losses.length) || !(first >= 0) ||
      learningRates.some((rate, i) => i > 0 && !(rate > learningRates[i - 1]))
    ) {
      throw new RangeError(
        `Cannot read a range from a curve as it must have increasing rates >= 0, at least one and as many as losses: current value is ${learningRates.length} rates${
          first === undefined ? "" : ` from ${first}`
        }, ${losses.length} losses`,
      );
    }
    const {
      metrics = {},
      stopReason = "end",
      growth = growthOf(learningRates),
      ...given
    } = options;
    if (growth === "exponential" && first === 0) {
      throw new RangeError(
        `Cannot read a range from a curve as rates that grow exponentially must be > 0: current value is 0; set growth to "linear"`,
      );
    }
    const end = losses.findIndex((loss) => !Number.isFinite(loss));
    const length = end < 0 ? losses.length : end;
    const run: RecordedRun = {
      losses: losses.slice(0, length),
      metrics: mapValues(metrics, (values) => values.slice(0, length)),
      stopReason: end < 0 ? stopReason : "non-finite",
    };
    const settings: RangeTestSettings = {
      startLr: first,
      endLr: learningRates.at(-1)!,
      iterations: learningRates.length,
      growth,
      batchesPerRate: 1,
      beta: 0.9,
      seed: 0,
      repeats: 1,
      validated: false,
      ...given,
    };
    return LearningRateRange.#fromRuns([run], settings, learningRates);
  }

  /** Concludes from recorded runs over the grid that `settings` describe. */
  static fromRuns(
    runs: readonly Pick<RangeTestRun, "losses" | "metrics" | "stopReason">[],
    settings: RangeTestSettings,
  ): LearningRateRange {
    const { startLr, endLr, iterations, growth } = settings;
    return LearningRateRange.#fromRuns(
      runs,
      settings,
      Array.from(
        learningRateGrid(startLr, endLr, { count: iterations, growth }),
      ),
    );
  }

  static #fromRuns(
    recorded: readonly RecordedRun[],
    given: RangeTestSettings,
    grid: readonly number[],
  ): LearningRateRange {
    const settings = given.metric === undefined
      ? given
      : { ...given, metric: directedMetric(given.metric) };
    const conclusions = recorded.map((run) => conclude(grid, run, settings));
    const verdict = mostCommon(conclusions.map(({ verdict }) => verdict));
    // Runs that found something else have no say in the bounds.
    const agreeing = conclusions.filter((one) => one.verdict === verdict);
    const bases = defined(agreeing.map(({ baseLr }) => baseLr));
    const maxima = defined(agreeing.map(({ maxLr }) => maxLr));
    const baseLr = bases.length > 0 ? middleRate(bases) : undefined;
    const maxLr = maxima.length > 0 ? middleRate(maxima) : undefined;
    const distance = (own: number | undefined, shared: number | undefined) =>
      own && shared ? Math.abs(Math.log(own / shared)) : 0;
    const typical = agreeing.reduce((a, b) =>
      distance(b.baseLr, baseLr) + distance(b.maxLr, maxLr) <
          distance(a.baseLr, baseLr) + distance(a.maxLr, maxLr)
        ? b
        : a
    );
    const typicalRun = recorded[conclusions.indexOf(typical)];

    const losses = medianCurve(recorded.map((run) => run.losses));
    const smoothedLosses = Array.from(smooth(losses, settings.beta));
    const learningRates = grid.slice(0, losses.length);
    const tested = typicalRun.losses.length +
      (typicalRun.stopReason === "non-finite" ? 1 : 0);
    return new LearningRateRange({
      type: "LearningRateRange",
      version: 1,
      settings,
      ...(baseLr === undefined ? {} : { baseLr }),
      ...(maxLr === undefined ? {} : { maxLr }),
      learningRates,
      losses,
      smoothedLosses,
      metrics: mapValues(
        recorded[0].metrics,
        (_, name) =>
          medianCurve(recorded.map((run) => run.metrics[name] ?? [])),
      ),
      suggestions: suggestLearningRates(learningRates, smoothedLosses),
      stopReason: typicalRun.stopReason,
      stoppedAt: grid[Math.max(0, tested - 1)],
      verdict,
      advice: typical.advice,
      evidence: typical.evidence,
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

  /**
   * The range that {@linkcode LearningRateRange.toJSON} described.
   *
   * @param json Text from `JSON.stringify(range)`, or the object it stands for.
   * @throws {TypeError} If the data are not those of a `LearningRateRange`.
   */
  static fromJSON(json: string | LearningRateRangeData): LearningRateRange {
    const data = typeof json === "string" ? JSON.parse(json) : json;
    if (data?.type !== "LearningRateRange" || data.version !== 1) {
      throw new TypeError(
        `Cannot read a learning-rate range as the data must have type "LearningRateRange" and version 1: current value is ${
          JSON.stringify({ type: data?.type, version: data?.version })
        }`,
      );
    }
    const copy = structuredClone(data) as LearningRateRangeData;
    return new LearningRateRange({
      ...copy,
      metrics: withNaN(copy.metrics),
      runs: copy.runs.map((run) => ({
        ...run,
        metrics: withNaN(run.metrics),
      })),
    });
  }

  /** The range as plain data, for `JSON.stringify`. */
  toJSON(): LearningRateRangeData {
    return this.#data;
  }

  /** The curve as CSV: `lr`, `loss`, `smoothed_loss` and the other metrics. */
  toCSV(): string {
    return toCsv({
      lr: this.learningRates,
      loss: this.losses,
      smoothed_loss: this.smoothedLosses,
      ...this.metrics,
    });
  }

  /** The conclusion in a few sentences, without the chart. */
  get summary(): string {
    const { baseLr, maxLr, evidence, verdict, settings, runs } = this;
    const sentences: string[] = [];
    if (verdict === "good") {
      const { max, curve } = evidence;
      sentences.push(
        `Train between ${shortRate(baseLr!)} and ${shortRate(maxLr!)}:`,
        `the ${curve} has made a third of its improvement at ${
          shortRate(baseLr!)
        } and ${
          max!.reason === "slows"
            ? "levels off by"
            : max!.reason === "rises"
            ? `gets worse beyond`
            : "turns ragged at"
        } ${shortRate(maxLr!)}.`,
      );
    } else {
      sentences.push(`Verdict: ${verdict}. ${this.advice}`);
      if (baseLr !== undefined) {
        sentences.push(`The improvement starts at ${shortRate(baseLr)}.`);
      }
    }
    const missing = this.#curve.length - finitePoints(this.#curve).length;
    if (missing > 0) {
      sentences.push(
        `Left out: ${missing} rates at which the ${evidence.curve} is not a finite number.`,
      );
    }
    if (this.spread) {
      const [lowBase, highBase] = this.spread.baseLr.map(shortRate);
      const [lowMax, highMax] = this.spread.maxLr.map(shortRate);
      sentences.push(
        `Medians of ${runs.length} runs: lower bound ${lowBase} to ${highBase}, upper bound ${lowMax} to ${highMax}.`,
      );
    }
    sentences.push(
      `Stopped at ${
        shortRate(this.stoppedAt)
      } after ${this.losses.length} of ${settings.iterations} rates: ${
        STOPPED[this.stopReason]
      }.`,
    );
    return sentences.join(" ");
  }

  /** The curve that the bounds were read from. */
  get #curve(): readonly number[] {
    const { curve } = this.evidence;
    return curve === "loss" ? this.losses : this.metrics[curve] ?? [];
  }

  /** A chart for the terminal and the conclusion. */
  format(options: FormatOptions = {}): string {
    const { color = false, width = 80, flags = false } = options;
    const lines: string[] = [];
    // JSON of before the direction was recorded has well-known names alone.
    const { curve, better = metricDirection(curve) ?? "lower" } = this.evidence;
    const all = this.#curve;
    const kept = finitePoints(all);
    const points = kept.map((i) => all[i]);
    if (points.length > 1) {
      const { sign, cut, fit } = smoothCurve(points, better);
      const shown = this.settings.validated ? `validation ${curve}` : curve;
      lines.push(
        ...wrap(`${shown} by rate (· measured, • smoothed)`, width),
        ...drawChart({
          learningRates: kept.map((i) => this.learningRates[i]),
          points: cut.map((value) => sign * value),
          trend: fit.values.map((value) => sign * value),
          logarithmic: this.settings.growth === "exponential",
          baseLr: this.baseLr,
          maxLr: this.maxLr,
          width: Math.max(40, width),
          height: CHART_HEIGHT,
          paint: color ? (text) => `\x1b[36m${text}\x1b[39m` : (text) => text,
        }),
        "",
      );
    }
    const summary = flags ? withFlags(this.summary) : this.summary;
    return [...lines, ...wrap(summary, width)].join("\n");
  }

  /** {@linkcode LearningRateRange.format} with 80 columns and no colour. */
  toString(): string {
    return this.format();
  }
}

showInNotebooks(LearningRateRange, rangeView);

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > width) {
      lines.push(word);
    } else {
      lines[lines.length - 1] = `${line} ${word}`;
    }
  }
  return lines;
}

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
function middleRate(rates: readonly number[]): number {
  if (rates.length % 2 === 1) return median(rates);
  return Math.exp(median(rates.map((rate) => Math.log(rate))));
}

/** The first of the values that occur most often. */
function mostCommon<T>(values: readonly T[]): T {
  const count = (value: T) => values.filter((one) => one === value).length;
  return values.reduce((a, b) => count(b) > count(a) ? b : a);
}

/** Metrics from JSON, which writes null for what is not a finite number. */
function withNaN(
  metrics: { readonly [name: string]: readonly (number | null)[] },
): { [name: string]: number[] } {
  return mapValues(
    metrics,
    (values) => values.map((value) => value ?? NaN),
  );
}

/** How rates grow, of which the one in the middle tells. */
function growthOf(rates: readonly number[]): Growth {
  const last = rates.length - 1;
  const [first, middle, final] = [rates[0], rates[last >> 1], rates[last]];
  const share = (last >> 1) / last;
  const linear = first + (final - first) * share;
  const exponential = first * (final / first) ** share;
  return first === 0 ||
      Math.abs(middle - linear) < Math.abs(middle - exponential)
    ? "linear"
    : "exponential";
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

function mapValues<T, U>(
  record: { readonly [name: string]: T },
  map: (value: T, name: string) => U,
): { [name: string]: U } {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, map(value, name)]),
  );
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
