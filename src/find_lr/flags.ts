import {
  BACKEND_FLAGS,
  type Flags,
  type FlagValues,
} from "../command/flags.ts";
import { UsageError } from "../command/usage_error.ts";
import { PICTURE_FLAGS } from "../command/live.ts";
import { HELP_FLAGS, VERSION_FLAGS } from "../command/run.ts";
import { TASK_FLAGS } from "../command/task_index.ts";
import { TENSORBOARD_FLAGS } from "../command/tensorboard.ts";
import type { HyperparameterGrid, Metric } from "../finder/mod.ts";
import { MAX_BATCHES } from "../finder/options/settings.ts";
import { metricDirection } from "../metrics/direction.ts";

/**
 * Values of the optimizer's other hyperparameters. A module may have flags of
 * these names for values of its own, which then stand for these.
 */
export const GRID_FLAGS = {
  "weight-decay": {
    kind: "numbers",
    min: 0,
    help: "weight decays, such as 0,1e-4,1e-3: a curve for each, and bounds " +
      "with the best",
  },
  momentum: {
    kind: "numbers",
    min: 0,
    below: 1,
    help: "momenta, such as 0.8,0.9,0.95: the same",
  },
} as const satisfies Flags;

/** The flags of the command. */
export const FLAGS = {
  "start-lr": {
    kind: "number",
    min: 0,
    help:
      "the first rate (default: 1e-5, and lower where the curve asks for it)",
  },
  "end-lr": {
    kind: "number",
    above: 0,
    help: "the last rate (default: 10, and higher where the curve asks for it)",
  },
  "max-batches": {
    kind: "integer",
    min: 1,
    default: MAX_BATCHES,
    help: "the most batches to train on, where the test chooses its rates",
  },
  iterations: {
    kind: "integer",
    min: 1,
    help: "rates from first to last, in place of the test's own choice",
  },
  growth: {
    kind: "choice",
    choices: ["exponential", "linear"],
    default: "exponential",
    help: "how the rate grows",
  },
  "batch-size": {
    kind: "integer",
    min: 1,
    default: 100,
    help: "examples in a batch",
  },
  "batches-per-rate": {
    kind: "integer",
    min: 1,
    default: 1,
    help: "batches trained on, and averaged, at each rate",
  },
  beta: {
    kind: "number",
    min: 0,
    max: 0.999,
    default: 0.9,
    help: "share of the past in the smoothed losses",
  },
  repeats: {
    kind: "integer",
    min: 1,
    help:
      "runs over all rates, in place of the test's own choice; the bounds " +
      "are their medians",
  },
  metric: {
    kind: "text",
    value: "NAME",
    help: "curve to read the bounds from, such as acc (default: loss)",
  },
  better: {
    kind: "choice",
    choices: ["higher", "lower"],
    help: "where the metric is better, if its name is not a usual one",
  },
  seed: {
    kind: "integer",
    min: 0,
    default: 1,
    help: "of the batch order, and of what the module makes random",
  },
  ...BACKEND_FLAGS,
  out: {
    kind: "text",
    value: "DIR",
    default: "output/find_lr",
    help: "folder of lr_range.json, .csv, .svg and .png",
  },
  ...PICTURE_FLAGS,
  ...TENSORBOARD_FLAGS,
  ...TASK_FLAGS,
  json: {
    kind: "switch",
    help: "print the result as JSON in place of the chart",
  },
  ...VERSION_FLAGS,
  ...HELP_FLAGS,
} as const satisfies Flags;

/** What they are read as. */
export type Values = FlagValues<typeof FLAGS>;

/** The hyperparameters to test, where flags name some. */
export function readGrid(values: object): HyperparameterGrid | undefined {
  const {
    "weight-decay": weightDecay,
    momentum,
  } = values as { readonly [Name in keyof typeof GRID_FLAGS]?: unknown };
  // A module's own flag of that name is of another kind.
  const isGiven = (value: unknown): value is readonly number[] =>
    Array.isArray(value);
  if (!isGiven(weightDecay) && !isGiven(momentum)) return undefined;
  return {
    ...(isGiven(weightDecay) ? { weightDecay } : {}),
    ...(isGiven(momentum) ? { momentum } : {}),
  };
}

/** Finds fault with the rates from first to last, before any time is spent. */
export function checkRates(values: Values): void {
  const { "start-lr": startLr = 1e-5, "end-lr": endLr = Infinity } = values;
  if (!(endLr > startLr)) {
    throw new UsageError(
      `Cannot read --end-lr: it must be > --start-lr (${startLr}), current value is "${endLr}"`,
    );
  }
  if (values.growth === "exponential" && startLr === 0) {
    throw new UsageError(
      `Cannot read --start-lr: it must be > 0 for exponential growth, current value is "0"`,
    );
  }
}

/** The curve to read, with its direction where that must or may be said. */
export function readMetric(
  { metric, better }: Pick<Values, "metric" | "better">,
): Metric | undefined {
  if (metric === undefined) {
    if (better === undefined) return undefined;
    throw new UsageError("Cannot read --better: it needs --metric");
  }
  if (better !== undefined) return { name: metric, better };
  if (metricDirection(metric) !== undefined) return metric;
  throw new UsageError(
    `Cannot read --metric: its name does not tell where "${metric}" is better; add --better higher or --better lower`,
  );
}
