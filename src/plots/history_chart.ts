import { historySpec } from "./specs/history_spec.ts";
import type { HistoryChartOptions } from "./specs/history_spec.ts";
import type { HistoryColumns, RunHistory } from "./series/run.ts";
import type { Chart } from "./look/grammar.ts";
import { displayed } from "./_display.ts";

/**
 * The chart of a training run: the learning rate above, loss and accuracy
 * below, each batch thin and its trend dark, the validation of each epoch
 * beside it, the ends of cycles dotted. Where a metric is not finite its lines
 * break, and of one that blows up only the start is drawn; the subtitle says both.
 *
 * Takes a `CyclicLR` (or any object with its `history` and `epochHistory`), or
 * the per-batch history alone, which has no validation.
 *
 * @throws {RangeError} When the history is empty or lacks one of
 * `options.metrics`.
 *
 * @example
 * ```ts
 * import { historyChart } from "@clr/clr/plots";
 * import { assertEquals } from "@std/assert";
 *
 * const chart = historyChart({
 *   iterations: [1, 2, 3, 4],
 *   lr: [0.001, 0.002, 0.003, 0.002],
 *   loss: [2.3, 2.1, 1.8, 1.7],
 * });
 * assertEquals(chart.title.text, ["Training loss falls to 1.7 at iteration 4"]);
 * ```
 */
export function historyChart(
  history: RunHistory | HistoryColumns,
  options: HistoryChartOptions = {},
): Chart {
  return displayed(historySpec(history, options));
}
