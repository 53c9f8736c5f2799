import { rangeSpec } from "./specs/range_spec.ts";
import type { RangeData } from "./specs/range_panel.ts";
import type { Chart, ChartOptions } from "./look/grammar.ts";
import { displayed } from "./_display.ts";

/**
 * The chart of a learning-rate range test: the curve that the bounds were read
 * from over the learning rate, as measured and smoothed, both bounds on it, and
 * the range's own words. Below it the loss where another curve was read, or the
 * accuracy where the loss was, and on the loss what the published rules suggest.
 * The axis covers the improvement; where the test blew up, the curve leaves it.
 *
 * @throws {RangeError} When the range has fewer than two learning rates.
 * @throws {TypeError} When the range is JSON of a version before 2, which
 * `LearningRateRange.fromJSON` reads.
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
