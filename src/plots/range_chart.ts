import { rangeSpec } from "./_range_spec.ts";
import type { RangeData } from "./_range_spec.ts";
import type { Chart, ChartOptions } from "./_spec.ts";
import { displayed } from "./_display.ts";

/**
 * The chart of a learning-rate range test: loss over learning rate, raw and
 * smoothed, both bounds on the curve, and what the published rules suggest;
 * the accuracy below it where it was recorded. The loss axis covers the
 * descent; where the test blew up, the curve leaves it at the top.
 *
 * @throws {RangeError} When the range has fewer than two learning rates.
 *
 * @example Save the picture of a range test
 * ```ts ignore
 * import { findLearningRate } from "@clr/clr";
 * import { rangeChart, toPng } from "@clr/clr/plots";
 *
 * const range = await findLearningRate(model, { xs, ys }, { batchSize: 100 });
 * await Deno.writeFile("lr_range.png", await toPng(rangeChart(range)));
 * ```
 *
 * @example From the file that `find-lr` wrote
 * ```ts ignore
 * import { rangeChart, toSvg } from "@clr/clr/plots";
 *
 * const range = JSON.parse(await Deno.readTextFile("lr_range.json"));
 * await Deno.writeTextFile("lr_range.svg", await toSvg(rangeChart(range)));
 * ```
 */
export function rangeChart(
  range: RangeData,
  options: ChartOptions = {},
): Chart {
  return displayed(rangeSpec(range, options));
}
