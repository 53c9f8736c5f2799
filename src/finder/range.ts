import { extremes } from "../metrics/extremes.ts";
import {
  type Check,
  checkData,
  listOf,
  mapOf,
  optional,
  record,
  that,
} from "../runtime/check_data.ts";
import { showInConsole } from "../runtime/console.ts";
import { showInNotebooks } from "../runtime/notebook.ts";
import { toCsv } from "../training/history/to_csv.ts";
import { rangeView } from "./_notebook.ts";
import { combineRuns, type Known } from "./_combine_runs.ts";
import { growthOf, learningRateGrid } from "./options/learning_rate_grid.ts";
import type {
  LearningRateRangeData,
  RangeTestResult,
} from "./result/range_data.ts";
import { readRange, SETTINGS, STOP_REASON } from "./_range_json.ts";
import {
  type FormatOptions,
  formatRange,
  summarizeRange,
} from "./words/range_text.ts";
import type { RecordedRun, StopReason } from "./curves/recorded_run.ts";
import type { RangeTestSettings } from "./options/settings.ts";
import { keysOf } from "../runtime/records.ts";
import { checkNames } from "../runtime/check_names.ts";

const CURVE_NAMES = Object.keys(
  {
    metrics: 0,
    stopReason: 0,
    startLr: 0,
    endLr: 0,
    iterations: 0,
    growth: 0,
    batchesPerRate: 0,
    accumulate: 0,
    beta: 0,
    seed: 0,
    repeats: 0,
    metric: 0,
    validated: 0,
    maxBatches: 0,
  } satisfies Record<keyof FromCurveOptions, 0>,
);

const isNumber: Check = that(
  "be a number",
  (value) => typeof value === "number",
);
const curveOfNumbers = listOf(isNumber);
const FROM_CURVE = record({
  metrics: optional(mapOf(curveOfNumbers)),
  stopReason: optional(STOP_REASON),
  ...Object.fromEntries(
    Object.entries(SETTINGS).map(([name, check]) => [name, optional(check)]),
  ),
});

/** Options of {@linkcode LearningRateRange.fromCurve}. */
export interface FromCurveOptions extends Partial<RangeTestSettings> {
  /** Other metrics at each rate, by name. @default {{}} */
  readonly metrics?: { readonly [name: string]: readonly number[] };
  /** Why the test stopped. @default {"end"} */
  readonly stopReason?: StopReason;
}

/** What a range has of its data, which may hold more: where they come from. */
const FIELDS: { readonly [Field in keyof RangeTestResult]-?: true } = {
  settings: true,
  baseLr: true,
  maxLr: true,
  learningRates: true,
  losses: true,
  smoothedLosses: true,
  metrics: true,
  suggestions: true,
  stopReason: true,
  stoppedAt: true,
  verdict: true,
  finding: true,
  remedies: true,
  headline: true,
  nextStep: true,
  advice: true,
  ending: true,
  curve: true,
  evidence: true,
  spread: true,
  runs: true,
  intervals: true,
  thumb: true,
  trials: true,
  cost: true,
  batchesPerEpoch: true,
  grid: true,
};

/** The fields are those of a {@linkcode RangeTestResult}. */
export interface LearningRateRange extends RangeTestResult {}

/**
 * What a learning-rate range test found: both bounds for a cyclic schedule, the
 * curve and evidence they were read from, and what to do where there are none.
 * {@linkcode findLearningRate} makes one, `CyclicLR.fromRange` takes it, and
 * `` `${range}` `` is a chart for the terminal. Its fields are those of
 * {@linkcode RangeTestResult}; how the bounds are read is described at
 * {@linkcode CurveEvidence}.
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
    for (const field of keysOf(FIELDS)) {
      if (data[field] !== undefined) {
        Object.defineProperty(this, field, {
          value: data[field],
          enumerable: true,
        });
      }
    }
    Object.freeze(this);
  }

  /**
   * Concludes from a curve that was recorded elsewhere.
   *
   * @param learningRates The rates, increasing.
   * @param losses The loss at each rate, or at the first ones: the other rates
   * count as planned where `stopReason` says why the test stopped, and else are
   * left out. The curve is cut at the first loss that is not finite.
   * @param options Other curves, settings, and why it stopped. How the rate
   * grows is told from the rates where it is not given.
   * @throws {RangeError} If there are more losses than rates or no rates, these
   * do not increase, or `metric` names no curve or one of unknown direction.
   * @throws {TypeError} If a curve is no list of numbers.
   */
  static fromCurve(
    learningRates: readonly number[],
    losses: readonly number[],
    options: FromCurveOptions = {},
  ): LearningRateRange {
    for (const curve of [{ learningRates }, { losses }]) {
      checkData("read a range from a curve", curve, mapOf(curveOfNumbers));
    }
    checkNames("read a range from a curve", options, CURVE_NAMES);
    checkData("read a range from a curve", options, FROM_CURVE);
    const [first] = learningRates;
    if (
      learningRates.length < Math.max(1, losses.length) || !(first >= 0) ||
      learningRates.at(-1) === Infinity ||
      learningRates.some((rate, i) => i > 0 && !(rate > learningRates[i - 1]))
    ) {
      throw new RangeError(
        `Cannot read a range from a curve as it must have increasing, finite rates >= 0, at least one and as many as losses: current value is ${learningRates.length} rates${
          first === undefined ? "" : ` from ${first}`
        }, ${losses.length} losses`,
      );
    }
    // Of a test that was not stopped the rates without a loss were no part.
    const grid = options.stopReason === undefined
      ? learningRates.slice(0, Math.max(1, losses.length))
      : learningRates;
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
      metrics: Object.fromEntries(
        Object.entries(metrics).map((
          [name, values],
        ) => [name, values.slice(0, length)]),
      ),
      stopReason: end < 0 ? stopReason : "non-finite",
    };
    const settings: RangeTestSettings = {
      startLr: first,
      endLr: grid.at(-1)!,
      iterations: grid.length,
      growth,
      batchesPerRate: 1,
      beta: 0.9,
      seed: 0,
      repeats: 1,
      validated: false,
      ...given,
    };
    return new LearningRateRange(
      combineRuns([run], { settings, grid }),
    );
  }

  /** Concludes from recorded runs over the grid that `settings` describe. */
  static fromRuns(
    runs: readonly RecordedRun[],
    settings: RangeTestSettings,
    known: Known = {},
  ): LearningRateRange {
    const { startLr, endLr, iterations, growth } = settings;
    // The rate at which a run stopped may have no loss.
    const first = 1 + extremes(runs.map(({ losses }) => losses.length))[1];
    const grid = known.search?.grid ?? Array.from(
      learningRateGrid(startLr, endLr, { count: iterations, growth, first }),
    );
    return new LearningRateRange(
      combineRuns(runs, { ...known, settings, grid }),
    );
  }

  /**
   * The range that {@linkcode LearningRateRange.toJSON} described.
   *
   * @param json Text from `JSON.stringify(range)`, or the object it stands for.
   * @throws {TypeError} If the data are not those of a `LearningRateRange`.
   */
  static fromJSON(json: string | LearningRateRangeData): LearningRateRange {
    return new LearningRateRange(readRange(json));
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
    return summarizeRange(this);
  }

  /** A chart for the terminal and the conclusion. */
  format(options: FormatOptions = {}): string {
    return formatRange(this, options);
  }

  /** {@linkcode LearningRateRange.format} with 80 columns and no colour. */
  toString(): string {
    return this.format();
  }
}

showInConsole(LearningRateRange);
showInNotebooks(LearningRateRange, rangeView);

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
