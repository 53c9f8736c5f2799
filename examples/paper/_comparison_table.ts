import {
  type Group,
  referencesOf,
  type Section,
  shortName,
  withoutLosers,
} from "./_sections.ts";
import { compareRuns, type Comparison } from "./compare_runs.ts";
import { showDifference, signOf } from "./intervals.ts";

/** Where the other's accuracy was reached, over the seeds. */
function showReached(
  { reached }: Comparison,
  { runs: [{ iterations }] }: Group,
): string {
  const found = reached.filter((at) => at !== undefined);
  if (found.length === 0) return "not reached";
  const mean = found.reduce((sum, at) => sum + at, 0) / found.length;
  const missing = reached.length - found.length;
  return `${Math.round(mean)} of ${iterations}` +
    (missing > 0 ? `, ${missing} of ${reached.length} seeds not` : "");
}

/** The head of {@linkcode comparisonLines}. */
export const COMPARISON_HEAD = [
  "row",
  "against",
  "seeds",
  "points at the end",
  "its accuracy reached at",
  "points on the way",
];

/**
 * Each row beside the controls that it has, paired by seed: what it is ahead at
 * the end, when it reaches their last accuracy, and what its curve is ahead on
 * average up to the end of the shorter one.
 */
export function comparisonLines(section: Section): string[][] {
  return withoutLosers(section).flatMap((group) =>
    referencesOf(section, group).flatMap((reference) => {
      const comparison = compareRuns(group.runs, reference.runs);
      return comparison === undefined ? [] : [[
        shortName(group.row),
        shortName(reference.row),
        comparison.seeds.join(", "),
        showDifference(comparison.difference),
        showReached(comparison, group),
        showDifference(comparison.area),
      ]];
    })
  );
}

const WORDS = {
  above: "ahead of",
  below: "behind",
  open: "not to be told from",
};

/**
 * What a section's first cyclical row comes to against its controls, in a
 * sentence; undefined where it has none, or no two seeds.
 */
export function comparisonFinding(section: Section): string | undefined {
  const group = section.groups.find(({ row }) =>
    !row.control && row.rate.policy !== "fixed"
  );
  if (!group || !section.groups.some(({ row }) => row.control)) {
    return undefined;
  }
  const parts = referencesOf(section, group).flatMap((reference) => {
    const comparison = compareRuns(group.runs, reference.runs);
    if (!comparison || comparison.seeds.length < 2) return [];
    const { difference } = comparison;
    return [
      `${WORDS[signOf(difference)]} ${
        reference.row.control ? "the best fixed rate of a search" : "fixed"
      }, ${showDifference(difference)}`,
    ];
  });
  return parts.length === 0
    ? undefined
    : `${shortName(group.row)} is ${parts.join("; ")}`;
}
