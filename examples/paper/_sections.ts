import { familyOf, type PaperRow, ROWS } from "./rows.ts";
import type { RowResult } from "./row_result.ts";

/** Runs that differ in nothing but the seed. */
export interface Group {
  readonly row: PaperRow;
  readonly runs: readonly RowResult[];
}

/** The rows of one table that were run alike, in the order of the table. */
export interface Section {
  readonly family: string;
  readonly groups: readonly Group[];
}

/** What the runs of a section have in common. */
function settingsOf({ model, scale, data, backend, device }: RowResult) {
  // What a folder is called says nothing of the images in it.
  const origin = data.origin.replace(/^folder .*/, "folder");
  return { model, scale, data: { ...data, origin }, backend, device };
}

/** Puts `values` with the same `key` together, in the order of the first. */
function groupBy<T>(values: readonly T[], key: (value: T) => unknown): T[][] {
  return [
    ...Map.groupBy(values, (value) => JSON.stringify(key(value)))
      .values(),
  ];
}

/** Puts together what was run alike. */
export function sectionsOf(results: readonly RowResult[]): Section[] {
  const groups = ROWS.flatMap((row) =>
    groupBy(
      results.filter((result) => result.row === row.id),
      (run) => [settingsOf(run), run.optimizer, run.iterations, run.rate],
    ).map((runs): Group => ({ row, runs }))
  );
  return groupBy(
    groups,
    ({ row, runs }) => [familyOf(row.id), settingsOf(runs[0])],
  ).map((groups) => ({ family: familyOf(groups[0].row.id), groups }));
}

/** The name of a row within its table. */
export function shortName({ id }: PaperRow): string {
  return id.slice(id.indexOf("-") + 1);
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The mean accuracy of a group at its end. */
function accuracyOf({ runs }: Group): number {
  return meanOf(runs.map(({ accuracy }) => accuracy));
}

const isFixed = ({ row }: Group) => row.rate.policy === "fixed";

/**
 * The best fixed rate of a section's search in at most so many iterations, of
 * those that were run with the most seeds: a search ends before the others are.
 */
export function bestControl(
  { groups }: Section,
  iterations: number,
): Group | undefined {
  const searched = groups.filter((group) =>
    group.row.control && isFixed(group) && group.row.iterations <= iterations
  );
  const most = Math.max(...searched.map(({ runs }) => runs.length));
  return searched.filter(({ runs }) => runs.length === most)
    .sort((a, b) => accuracyOf(b) - accuracyOf(a))[0];
}

/**
 * What a group is to be compared with: the fixed rate of its source, and the
 * best one of a search of no more iterations than it has.
 */
export function referencesOf(section: Section, group: Group): Group[] {
  const published = section.groups.find((other) =>
    isFixed(other) && !other.row.control &&
    other.row.optimizer === group.row.optimizer &&
    other.row.dataset === group.row.dataset &&
    other.row.trainImages === group.row.trainImages
  );
  const best = bestControl(section, group.row.iterations);
  return [published, best].filter((other): other is Group =>
    other !== undefined && other !== group
  );
}

/** The groups without those that a search for the best rate has left behind. */
export function withoutLosers(section: Section): Group[] {
  const kept = new Set(
    section.groups.map((group) => bestControl(section, group.row.iterations)),
  );
  return section.groups.filter((group) =>
    !(group.row.control && isFixed(group)) || kept.has(group)
  );
}
