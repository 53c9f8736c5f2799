/**
 * What was published on cyclical learning rates, as data: each figure with the
 * place where it stands. The sources:
 *
 * - L. N. Smith, "Cyclical Learning Rates for Training Neural Networks"
 *   (arXiv 1506.01186), version 6 of April 2017;
 * - L. N. Smith and N. Topin, "Super-Convergence" (arXiv 1708.07120), with the
 *   solvers and logs of https://github.com/lnsmith54/super-convergence;
 * - L. N. Smith, "A Disciplined Approach to Neural Network Hyper-Parameters"
 *   (arXiv 1803.09820);
 * - the solver of https://github.com/liuzhuang13/DenseNetCaffe, which the first
 *   was run with;
 * - the tutorials of A. Rosebrock (PyImageSearch, 2019) and S. Paul (DataCamp,
 *   2018).
 *
 * Beside them are comparisons of our own, under names that say so.
 *
 * @module
 */

import { meantName } from "@clr/clr/command";
import { FIGURE_6, TABLE_3 } from "./_adaptive_rows.ts";
import { IMAGENET } from "./_imagenet_rows.ts";
import { SECTION_4, TABLE_4 } from "./_residual_rows.ts";
import { familyOf, type PaperRow } from "./_row.ts";
import { SCHEDULES } from "./_schedule_rows.ts";
import { HALF, SMALL } from "./_small_rows.ts";
import { ONE_CYCLE, SUPER_CONVERGENCE } from "./_successor_rows.ts";
import { SECTION_3, TABLE_1 } from "./_table1_rows.ts";
import { OWN, SMALL_TUTORIAL, TUTORIALS } from "./_tutorial_rows.ts";

export { familyOf, type PaperRow };

/** Every row, in the order of the paper, then of the tutorials. */
export const ROWS: readonly PaperRow[] = [
  ...TABLE_1,
  ...IMAGENET,
  ...SECTION_3,
  ...TABLE_3,
  ...FIGURE_6,
  ...TABLE_4,
  ...SECTION_4,
  ...SUPER_CONVERGENCE,
  ...ONE_CYCLE,
  ...TUTORIALS,
  ...OWN,
  ...SCHEDULES,
  ...SMALL,
  ...HALF,
  ...SMALL_TUTORIAL,
];

/** What people call a family of rows: "Table 1". */
export function titleOf(family: string): string {
  if (family === "small") return "Table 1 on a small network, with controls";
  if (family === "half") return "Table 1 at half the width, with controls";
  if (family === "minigooglenet") {
    return "The tutorials' MiniGoogLeNet, small, with controls";
  }
  if (family === "super") return "Super-convergence";
  if (family === "onecycle") return "1cycle";
  if (family === "own") return "Comparisons of our own";
  if (family === "schedules") return "Schedules of equal length";
  return family === "tutorial" ? "The tutorials" : family.replace(
    /^([a-z])([a-z]+)(\d+)$/,
    (_, first, rest, number) => `${first.toUpperCase()}${rest} ${number}`,
  );
}

/**
 * The rows that `selection` names: ids or beginnings of ids, with commas.
 *
 * @throws {RangeError} When a name fits no row.
 */
export function selectRows(selection: string): PaperRow[] {
  return selection.split(",").flatMap((name) => {
    const exact = ROWS.filter(({ id }) => id === name);
    const rows = exact.length > 0
      ? exact
      : ROWS.filter(({ id }) => id.startsWith(`${name}-`));
    if (rows.length === 0) {
      const nearest = meantName(name, [
        ...new Set(ROWS.flatMap(({ id }) => [familyOf(id), id])),
      ]);
      throw new RangeError(
        `Cannot select rows as a name must be an id of --list or the beginning of some: current value is ${name}${
          nearest === undefined ? "" : `; did you mean ${nearest}?`
        }`,
      );
    }
    return rows;
  });
}
