import { scheduleSpec } from "./specs/schedule_spec.ts";
import type { ScheduleSource } from "./specs/schedule_spec.ts";
import type { Chart, ChartOptions } from "./look/grammar.ts";
import { displayed } from "./_display.ts";

/**
 * The chart of a schedule: its learning rate from iteration 0 to `iterations`,
 * the ends of its cycles dotted. Every iteration is looked at (of more than
 * 4,194,304, as many, evenly spaced), and peaks and troughs are kept.
 *
 * @throws {RangeError} When `iterations` is not a whole number of at least 1.
 *
 * @example
 * ```ts
 * import { scheduleChart } from "@clr/clr/plots";
 * import { assertEquals } from "@std/assert";
 *
 * const warmup = (iteration: number) => 0.1 * Math.min(1, iteration / 500);
 * const chart = scheduleChart(warmup, 2000);
 * assertEquals(chart.title.text, ["The learning rate peaks at 0.1 at iteration 500"]);
 * ```
 */
export function scheduleChart(
  schedule: ScheduleSource,
  iterations: number,
  options: ChartOptions = {},
): Chart {
  return displayed(scheduleSpec(schedule, iterations, options));
}
