import { count } from "../look/format.ts";

/** A run of values that are not finite: from index `start` up to before `end`. */
export interface Gap {
  readonly start: number;
  readonly end: number;
}

/**
 * Where a line through the values is to break. A column that most rows lack (a
 * metric of every hundredth batch) holds NaN in the others: there a run breaks the
 * line only if it is about twice as long as it usually is between two values. Runs
 * of fewer than `least` values are left out; a picture cannot show them.
 */
export function gapsIn(values: ArrayLike<number>, least = 1): Gap[] {
  const runs: Gap[] = [];
  const steps: number[] = [];
  let last = -1;
  for (let i = 0; i <= values.length; i++) {
    if (i < values.length && !Number.isFinite(values[i])) continue;
    if (i - last > 1) runs.push({ start: last + 1, end: i });
    if (last >= 0 && i < values.length) steps.push(i - last);
    last = i;
  }
  steps.sort((a, b) => a - b);
  const usual = steps[(steps.length - 1) >> 1] ?? 1;
  const shortest = Math.max(2 * usual - 1, least);
  return runs.filter(({ start, end }) => end - start >= shortest);
}

/**
 * The rows that draw a line with these gaps: of those kept the ones that have a
 * value or lie in a gap, and the first of each gap, where the line breaks.
 */
export function withGaps(
  kept: readonly number[],
  values: ArrayLike<number>,
  gaps: readonly Gap[],
): number[] {
  const rows = kept.filter((i) =>
    Number.isFinite(values[i]) ||
    gaps.some(({ start, end }) => start <= i && i < end)
  );
  return [...new Set([...rows, ...gaps.map(({ start }) => start)])]
    .sort((a, b) => a - b);
}

/** What a subtitle says of values that are not finite; nothing where all are. */
export function gapFact(
  name: string,
  values: ArrayLike<number>,
  iterations: ArrayLike<number>,
): string {
  // Before its first value a metric was not recorded; that is no failure.
  const gaps = gapsIn(values).filter(({ start, end }) =>
    start > 0 || end === values.length
  );
  const last = gaps.at(-1);
  if (last === undefined) return "";
  if (last.end === values.length) {
    return `${name} not finite from iteration ${
      count(iterations[last.start])
    } on`;
  }
  const length = gaps.reduce((sum, { start, end }) => sum + end - start, 0);
  return `${name} not finite at ${count(length)} iteration${
    length === 1 ? "" : "s"
  }, first at ${count(iterations[gaps[0].start])}`;
}
