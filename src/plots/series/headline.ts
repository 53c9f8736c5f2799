/** What curves of metrics come to, in a sentence that holds for any of them. */

import type { Better } from "../../metrics/direction.ts";
import { extremes } from "../../metrics/extremes.ts";
import { capitalized, count } from "../look/format.ts";
import { gapsIn } from "./gaps.ts";

/** A curve over iterations. */
export interface Course {
  readonly iterations: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/** How a metric is spoken of. */
export interface Spoken {
  /** What it is called: `validation accuracy`. */
  readonly what: string;
  /** Where it is better; undefined where nobody said. */
  readonly better: Better | undefined;
  /** A value as a sentence has it. */
  readonly show: (value: number) => string;
}

/** A curve of a comparison. */
export interface NamedCourse extends Course {
  readonly name: string;
}

/** Share of the improvement that, lost at the end, must be told. */
const LOST = 0.5;

/** Runs whose values a sentence lists. */
const LISTED = 3;

function finiteIndices(values: ArrayLike<number>): number[] {
  return Array.from(values, (_, i) => i).filter((i) =>
    Number.isFinite(values[i])
  );
}

/**
 * The index of the first best value; −1 where none is finite or nobody knows
 * where the metric is better.
 */
export function bestIndex(
  values: ArrayLike<number>,
  better: Better | undefined,
): number {
  if (better === undefined) return -1;
  const sign = better === "higher" ? -1 : 1;
  let best = -1;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) continue;
    if (best < 0 || sign * values[i] < sign * values[best]) best = i;
  }
  return best;
}

/** What became of one curve. */
export function courseHeadline(course: Course, spoken: Spoken): string {
  const { values, iterations } = course;
  const { what, better, show } = spoken;
  const kept = finiteIndices(values);
  if (kept.length === 0) return `No finite ${what} was recorded`;
  const ended = gapsIn(values).at(-1)?.end === values.length
    ? ", then is not finite"
    : "";
  const told = Array.from(kept, (i) => show(values[i]));
  const [first, last] = [values[kept[0]], values[kept[kept.length - 1]]];
  const subject = capitalized(what);
  if (kept.length === 1) {
    return `${subject} is ${told[0]} at iteration ${
      count(iterations[kept[0]])
    }${ended}`;
  }
  if (new Set(told).size === 1) return `${subject} stays at ${told[0]}${ended}`;
  if (better === undefined) {
    const finite = kept.map((i) => values[i]);
    return show(first) === show(last)
      ? `${subject} moves between ${
        show(finite.reduce((a, b) => Math.min(a, b)))
      } and ${show(finite.reduce((a, b) => Math.max(a, b)))}${ended}`
      : `${subject} goes from ${show(first)} to ${show(last)}${ended}`;
  }
  const at = bestIndex(values, better);
  const best = values[at];
  const worse = better === "lower" ? last > first : last < first;
  if (show(best) === show(first)) {
    return worse && show(last) !== show(first)
      ? `${subject} ${better === "lower" ? "rises" : "falls"} from ${
        show(first)
      } to ${show(last)}${ended}`
      : `${subject} gets no better than the ${
        show(first)
      } it starts at${ended}`;
  }
  const lost = Math.abs(last - best) > LOST * Math.abs(first - best) || worse;
  return `${subject} ${better === "lower" ? "falls to" : "reaches"} ${
    show(best)
  } at iteration ${count(iterations[at])}${
    ended || (lost ? `, and ends at ${show(last)}` : "")
  }`;
}

/**
 * The first iteration at which the curve is at least as good as `goal`, as far
 * as that can be told from the values that the sentence shows.
 */
function reaches(
  course: Course,
  goal: number,
  { better, show }: Spoken,
): number {
  const sign = better === "higher" ? 1 : -1;
  const said = show(goal);
  for (let i = 0; i < course.values.length; i++) {
    const value = course.values[i];
    if (
      sign * value >= sign * goal ||
      Number.isFinite(value) && show(value) === said
    ) return course.iterations[i];
  }
  return Infinity;
}

/** Where curves end that nobody can rank. */
function unranked(curves: readonly NamedCourse[], { what, show }: Spoken) {
  const ends = curves.map(({ name, values }) => ({
    name,
    last: finiteIndices(values).map((i) => values[i]).at(-1),
  })).filter((end) => end.last !== undefined) as {
    name: string;
    last: number;
  }[];
  if (ends.length === 0) return `No run has a finite ${what}`;
  if (ends.length <= LISTED) {
    return `${capitalized(what)} at the end: ${
      ends.map(({ name, last }) => `${name} ${show(last)}`).join(", ")
    }`;
  }
  const [least, greatest] = extremes(ends.map(({ last }) => last));
  return `${capitalized(what)} of ${ends.length} runs ends between ${
    show(least)
  } and ${show(greatest)}`;
}

/**
 * Which of several curves comes to the best value, and which was first at the
 * best of the one that follows.
 */
export function comparisonHeadline(
  curves: readonly NamedCourse[],
  spoken: Spoken,
): string {
  const { what, better, show } = spoken;
  if (better === undefined) return unranked(curves, spoken);
  const sign = better === "higher" ? -1 : 1;
  const bests = curves.map((curve) => {
    const at = bestIndex(curve.values, better);
    return { ...curve, best: curve.values[at] };
  }).filter(({ best }) => best !== undefined)
    .sort((a, b) => sign * (a.best - b.best));
  if (bests.length === 0) return `No run has a finite ${what}`;
  const [first, second] = bests;
  if (!second) {
    return curves.length === 1
      ? courseHeadline(first, {
        ...spoken,
        what: `${first.name}: ${what}`,
      })
      : `Only ${first.name} has a finite ${what}, ${show(first.best)} at best`;
  }
  const goal = second.best;
  const [early, late] = [first, second].map((curve) =>
    reaches(curve, goal, spoken)
  );
  if (show(first.best) === show(goal)) {
    const tied = bests.filter(({ best }) => show(best) === show(goal));
    if (tied.length > 2) {
      return `${tied.length} runs tie for the best ${what}, ${show(goal)}`;
    }
    const [quick, slow] = early <= late ? [first, second] : [second, first];
    const tie = `${quick.name} and ${slow.name} tie for the best ${what}, ${
      show(goal)
    }`;
    return early === late
      ? `${tie}, after ${count(early)} iterations`
      : `${tie}, ${quick.name} in ${
        count(Math.min(early, late))
      } and ${slow.name} in ${count(Math.max(early, late))} iterations`;
  }
  const best = `${first.name} reaches the best ${what}, ${show(first.best)}`;
  if (early === late) {
    return `${best}; ${second.name} follows with ${show(goal)}`;
  }
  return early < late
    ? `${best}, and ${second.name}'s best of ${show(goal)} in ${
      count(early)
    } instead of ${count(late)} iterations`
    : `${best}; ${second.name} was first at its own best of ${show(goal)}, in ${
      count(late)
    } instead of ${count(early)} iterations`;
}
