import {
  BACKEND_FLAGS,
  type Flags,
  type FlagValues,
  UsageError,
} from "../command/flags.ts";
import { PICTURE_FLAGS } from "../command/live.ts";
import { HELP_FLAGS } from "../command/run.ts";
import type { Better, Metric } from "../finder/mod.ts";
import { metricDirection } from "../metrics/direction.ts";

/** The flags of the command. */
export const FLAGS = {
  "start-lr": {
    kind: "number",
    min: 0,
    default: 1e-5,
    help: "the first rate",
  },
  "end-lr": { kind: "number", above: 0, default: 10, help: "the last rate" },
  iterations: {
    kind: "integer",
    min: 1,
    default: 120,
    help: "rates from first to last",
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
    default: 3,
    help: "runs of the test; the bounds are their medians",
  },
  metric: {
    kind: "text",
    value: "NAME",
    help: "curve to read the bounds from, such as loss or acc (default: the " +
      "clearer one)",
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
  json: {
    kind: "switch",
    help: "print the result as JSON in place of the chart",
  },
  ...HELP_FLAGS,
} as const satisfies Flags;

/** What they are read as. */
export type Values = FlagValues<typeof FLAGS>;

/** Finds fault with the rates from first to last, before any time is spent. */
export function checkRates(values: Values): void {
  if (!(values["end-lr"] > values["start-lr"])) {
    throw new UsageError(
      `Cannot read --end-lr: it must be > --start-lr (${
        values["start-lr"]
      }), current value is "${values["end-lr"]}"`,
    );
  }
  if (values.growth === "exponential" && values["start-lr"] === 0) {
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
  if (better !== undefined) return { name: metric, better: better as Better };
  if (metricDirection(metric) !== undefined) return metric;
  throw new UsageError(
    `Cannot read --metric: its name does not tell where "${metric}" is better; add --better higher or --better lower`,
  );
}
