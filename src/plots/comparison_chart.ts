import { comparisonSpec } from "./specs/comparison_spec.ts";
import type {
  ComparisonChartOptions,
  NamedRun,
} from "./specs/comparison_spec.ts";
import type { Chart } from "./look/grammar.ts";
import { displayed } from "./_display.ts";

/**
 * The chart of up to seven runs: one metric of each over the iterations, with
 * its best value marked. The headline says which run comes to the best value,
 * and which was first at the best of the one that follows; of a metric that
 * nobody said where it is better, only how the runs end.
 *
 * @throws {RangeError} When there is no run or more than seven, two have the
 * same name, or one lacks the metric.
 *
 * @example
 * ```ts
 * import { comparisonChart } from "@clr/clr/plots";
 * import { assertEquals } from "@std/assert";
 *
 * const iterations = [500, 1000, 1500];
 * const chart = comparisonChart([
 *   {
 *     name: "fixed rate",
 *     history: { iterations },
 *     epochHistory: { iterations, val_acc: [0.2, 0.3, 0.4] },
 *   },
 *   {
 *     name: "cyclic rate",
 *     history: { iterations },
 *     epochHistory: { iterations, val_acc: [0.3, 0.5, 0.6] },
 *   },
 * ]);
 * assertEquals(
 *   chart.title.text.join(" "),
 *   "cyclic rate reaches the best validation accuracy, 60.0 %, and fixed rate's " +
 *     "best of 40.0 % in 1,000 instead of 1,500 iterations",
 * );
 * ```
 */
export function comparisonChart(
  runs: readonly NamedRun[],
  options: ComparisonChartOptions = {},
): Chart {
  return displayed(comparisonSpec(runs, options));
}
