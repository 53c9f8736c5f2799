import { checkKind } from "../../runtime/check_given.ts";
import { type Check, show, that } from "../../runtime/check_data.ts";
import { isRecordedColumn } from "../../runtime/columns.ts";
import { isRecord } from "../../runtime/records.ts";
import {
  type Better,
  type Metric,
  metricDirection,
} from "../../metrics/direction.ts";

/**
 * Columns of equal length: `iterations`, `lr`, and one for each metric, as
 * `clr.history` has them.
 */
export interface HistoryColumns {
  /** The iterations recorded, ascending. */
  readonly iterations: ArrayLike<number>;
  /** The learning rate and the metrics at these iterations, by name. */
  readonly [column: string]: ArrayLike<number>;
}

/** The record of a training run: a `CyclicLR` has it. */
export interface RunHistory {
  /** One row a batch. */
  readonly history: HistoryColumns;
  /**
   * One row an epoch: `iterations` done at its end, and its metrics, those of
   * the validation named `val_…`.
   */
  readonly epochHistory?: HistoryColumns;
  /**
   * Whether `loss` contains penalties of regularizers, which tfjs leaves out of
   * `val_loss`.
   *
   * @default {false}
   */
  readonly penalized?: boolean;
}

const NOT_METRICS = ["iterations", "lr", "epochs", "batch", "size", "momentum"];

/**
 * The run's parts, whether it comes whole or as its per-batch history alone.
 *
 * @throws {TypeError} When there is no history: a scheduler that is spread into
 * another object, `{ name, ...clr }`, leaves it behind.
 */
export function runOf(run: RunHistory | HistoryColumns): RunHistory {
  const given: unknown = run;
  if (!isRecord(given)) {
    throw new TypeError(
      `Cannot draw a run as it must be a scheduler or its history: current value is ${
        show(run)
      }`,
    );
  }
  // Of a scheduler, `iterations` may be how many there will be.
  if (isColumns(run)) return { history: checkedColumns(run) };
  const { history, epochHistory, penalized } = run;
  if (history?.iterations === undefined) {
    throw new TypeError(
      `Cannot draw a run as it must have a history with iterations: current value is ${
        history === undefined ? "none" : Object.keys(history).join(", ")
      }; write { history: clr.history, epochHistory: clr.epochHistory }`,
    );
  }
  checkedColumns(history);
  if (epochHistory) checkedColumns(epochHistory);
  return { history, epochHistory, penalized };
}

/** The columns, where each is a list as long as `iterations`. */
function checkedColumns(columns: HistoryColumns): HistoryColumns {
  checkIterations(columns.iterations);
  const { length } = columns.iterations;
  for (const [name, value] of Object.entries(columns)) {
    checkKind(
      "draw a run",
      { name, value, must: `a list of ${length} numbers` },
      isRecordedColumn(value) && value.length === length,
    );
  }
  return columns;
}

/** Throws unless these are numbers that do not go back, as of two runs in one. */
function checkIterations(iterations: unknown): void {
  const action = "draw a run";
  checkKind(
    action,
    { name: "iterations", value: iterations, must: "a list of numbers" },
    isRecordedColumn(iterations),
  );
  const numbers = iterations as ArrayLike<number>;
  for (let i = 1; i < numbers.length; i++) {
    if (!(numbers[i] < numbers[i - 1])) continue;
    throw new RangeError(
      `Cannot draw a run as iterations must ascend: current value is ${
        numbers[i]
      } after ${numbers[i - 1]}; draw several runs with comparisonChart`,
    );
  }
}

function isColumns(run: RunHistory | HistoryColumns): run is HistoryColumns {
  return "iterations" in run && typeof run.iterations === "object";
}

/** The names of the metrics that a run recorded, without `val_`. */
export function metricsOf({ history, epochHistory }: RunHistory): string[] {
  const names = [...Object.keys(history), ...Object.keys(epochHistory ?? {})]
    .filter((name) => !NOT_METRICS.includes(name))
    .map((name) => name.replace(/^val_/, ""));
  return [...new Set(names)];
}

/** A metric's name, or that and where it is better. */
export const isMetric: Check = that(
  'be a name, or { name, better } with "higher" or "lower"',
  (value) =>
    typeof value === "string" ||
    isRecord(value) && typeof value.name === "string" &&
      (value.better === "higher" || value.better === "lower"),
);

/** A metric's name. */
export function nameOf(metric: Metric): string {
  return typeof metric === "string" ? metric : metric.name;
}

/** Where a metric is better: as told, or as its name tells; never guessed. */
export function betterOf(metric: Metric): Better | undefined {
  return typeof metric === "string" ? metricDirection(metric) : metric.better;
}

/** What the epochs tell of a metric, under the column's name. */
export interface EpochCurve {
  readonly name: "validation" | "epoch";
  readonly column: string;
  readonly values: ArrayLike<number>;
}

/** The validation of a metric, or the epochs' own where no batch recorded it. */
export function epochCurve(
  { history, epochHistory }: RunHistory,
  metric: string,
): EpochCurve {
  const column = `val_${metric}`;
  const own = epochHistory?.[metric];
  return epochHistory?.[column] === undefined && history[metric] === undefined
    ? { name: "epoch", column: metric, values: own ?? [] }
    : {
      name: "validation",
      column,
      values: epochHistory?.[column] ?? [],
    };
}
