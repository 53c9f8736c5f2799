import { displayed } from "./_display.ts";
import type { Chart, ChartOptions } from "./look/grammar.ts";
import { type GridData, gridSpec } from "./specs/grid_spec.ts";

/**
 * The chart of a grid of hyperparameters: the smoothed curve of each value over
 * the learning rate, the best of them drawn thickest, a dot at the best of each,
 * and the grid's own words.
 *
 * @throws {TypeError} When the range has no grid.
 *
 * @example Save the picture of a test of weight decays
 * ```ts ignore
 * import { findLearningRate } from "@clr/clr";
 * import { gridChart, toPng } from "@clr/clr/plots";
 *
 * const range = await findLearningRate(model, { xs, ys }, {
 *   grid: { weightDecay: [0, 1e-4, 1e-3] },
 * });
 * await Deno.writeFile("lr_grid.png", await toPng(gridChart(range)));
 * ```
 */
export function gridChart(range: GridData, options: ChartOptions = {}): Chart {
  return displayed(gridSpec(range, options));
}
