import type { Growth } from "./learning_rate_grid.ts";
import { directedMetric, type Metric } from "../../metrics/direction.ts";
import type { FindLearningRateOptions } from "./options.ts";
import { show } from "../../runtime/check_data.ts";
import { checkSignal } from "../../runtime/check_signal.ts";

/** With what a test was run. */
export interface RangeTestSettings {
  /** The first rate. */
  readonly startLr: number;
  /** The last rate, reached unless the test stops before. */
  readonly endLr: number;
  /** How many rates there are to test. */
  readonly iterations: number;
  /** How the rate grows. */
  readonly growth: Growth;
  /** Steps at each rate, whose losses are averaged. */
  readonly batchesPerRate: number;
  /** Batches whose gradients make a step, where these are several. */
  readonly accumulate?: number;
  /** Share of the past in the smoothed losses. */
  readonly beta: number;
  /** Seed of the batch order. */
  readonly seed: number;
  /** How often the test was run. */
  readonly repeats: number;
  /**
   * The curve that bounds are read from, where the caller named one: its name
   * and where it is better.
   */
  readonly metric?: Metric;
  /** Whether losses and metrics are those of validation data. */
  readonly validated: boolean;
  /**
   * The most batches to train on, where the test chose for itself which rates to
   * test.
   */
  readonly maxBatches?: number;
}

/**
 * The most batches of a test that chooses its rates for itself. Two fifths of them
 * are enough, unless nothing seems to be learned without long trainings.
 */
export const MAX_BATCHES = 500;

/** Rates of a test that does not, where only the range or the pace is given. */
const ITERATIONS = 120;

/** Batches that are trained on at each rate. */
export function batchesOfRate(
  { batchesPerRate, accumulate = 1 }: Pick<
    RangeTestSettings,
    "batchesPerRate" | "accumulate"
  >,
): number {
  return batchesPerRate * accumulate;
}

/** Whether nothing says how to test: the test chooses its rates for itself. */
function isAdaptive(options: FindLearningRateOptions<unknown>): boolean {
  const { growth = "exponential", batchesPerRate = 1 } = options;
  return options.iterations === undefined && options.epochs === undefined &&
    options.repeats === undefined && options.stopFactor === undefined &&
    options.metric === undefined && growth === "exponential" &&
    batchesPerRate === 1;
}

function checkOption(
  { name, value, must }: {
    readonly name: string;
    readonly value: number;
    readonly must: string;
  },
  ok: boolean,
) {
  if (ok) return;
  throw new RangeError(
    `Cannot find a learning rate as ${name} must be ${must}: current value is ${
      show(value)
    }`,
  );
}

function checkCount(name: string, value: number) {
  checkOption(
    { name, value, must: "a whole number >= 1" },
    Number.isSafeInteger(value) && value >= 1,
  );
}

function checkFunction(name: string, value: unknown) {
  if (value === undefined || typeof value === "function") return;
  throw new TypeError(
    `Cannot find a learning rate as ${name} must be a function: current value is ${
      show(value)
    }`,
  );
}

/**
 * Throws unless a test can be run with `options`, as far as the data have no part
 * in that.
 */
export function checkSettings(options: FindLearningRateOptions<unknown>): void {
  const {
    startLr = 1e-5,
    endLr = 10,
    iterations = 1,
    maxBatches = MAX_BATCHES,
    batchSize = 1,
    batchesPerRate = 1,
    accumulate = 1,
    repeats = 1,
    epochs,
    growth = "exponential",
    beta = 0.9,
    seed = 0,
    stopFactor,
    signal,
  } = options;
  if (growth !== "exponential" && growth !== "linear") {
    throw new RangeError(
      `Cannot find a learning rate as growth must be "exponential" or "linear": current value is ${
        show(growth)
      }`,
    );
  }
  const exponential = growth === "exponential";
  checkOption(
    {
      name: "startLr",
      value: startLr,
      must: exponential ? "finite and > 0" : "finite and >= 0",
    },
    Number.isFinite(startLr) && (exponential ? startLr > 0 : startLr >= 0),
  );
  checkOption(
    { name: "endLr", value: endLr, must: `finite and > startLr (${startLr})` },
    Number.isFinite(endLr) && endLr > startLr,
  );
  checkCount("iterations", iterations);
  checkCount("maxBatches", maxBatches);
  checkCount("batchSize", batchSize);
  checkCount("batchesPerRate", batchesPerRate);
  checkCount("accumulate", accumulate);
  checkCount("repeats", repeats);
  checkOption(
    { name: "beta", value: beta, must: ">= 0 and < 1" },
    typeof beta === "number" && beta >= 0 && beta < 1,
  );
  checkOption(
    { name: "seed", value: seed, must: "a whole number" },
    Number.isSafeInteger(seed),
  );
  if (stopFactor !== undefined) {
    checkOption(
      { name: "stopFactor", value: stopFactor, must: "> 1" },
      typeof stopFactor === "number" && stopFactor > 1,
    );
  }
  if (epochs !== undefined) {
    checkOption(
      { name: "epochs", value: epochs, must: "> 0" },
      Number.isFinite(epochs) && epochs > 0,
    );
  }
  if (signal !== undefined) checkSignal("find a learning rate", signal);
  checkFunction("onBatch", options.onBatch);
}

/**
 * The settings that options come to.
 *
 * @param options As {@linkcode checkSettings} takes them.
 * @param batches In a pass over the data, where that is known.
 */
export function resolveSettings(
  options: FindLearningRateOptions<unknown>,
  batches: number | undefined,
): RangeTestSettings {
  const {
    startLr = 1e-5,
    endLr = 10,
    epochs,
    growth = "exponential",
    beta = 0.9,
    batchesPerRate = 1,
    accumulate = 1,
    repeats = 1,
    seed = 0,
    metric,
  } = options;
  const adaptive = isAdaptive(options);
  const { maxBatches = MAX_BATCHES } = options;
  let { iterations = adaptive ? maxBatches : ITERATIONS } = options;
  if (epochs !== undefined) {
    if (batches === undefined || batches === Infinity) {
      throw new RangeError(
        `Cannot find a learning rate over epochs as the data must say how many batches they have: current value is unknown; use iterations`,
      );
    }
    iterations = Math.ceil(
      epochs * batches / batchesOfRate({ batchesPerRate, accumulate }),
    );
    checkCount("iterations", iterations);
  }
  return {
    startLr,
    endLr,
    iterations,
    growth,
    batchesPerRate,
    ...(accumulate === 1 ? {} : { accumulate }),
    beta,
    seed,
    repeats,
    ...(metric === undefined ? {} : { metric: directedMetric(metric) }),
    validated: options.validationData !== undefined,
    ...(adaptive ? { maxBatches } : {}),
  };
}
