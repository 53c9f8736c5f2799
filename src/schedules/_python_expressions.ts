/**
 * Python expressions in terms of the iteration `t`. They are the same for plain
 * numbers and for traced JAX arrays: what differs is the meaning of `where`,
 * `minimum` and the like, which `_python_names.ts` defines. As `where` evaluates
 * both sides, each side must be defined everywhere.
 */

import { fractionOf } from "./_multiples.ts";

/** What a Python function gives of a schedule. */
export type Quantity = "rate" | "momentum";

/** How much of a stretch is left, by what it falls like; of `remaining`. */
export const WEIGHTS = {
  linear: "remaining",
  cosine: "sin(remaining * pi / 2) ** 2",
  sqrt: "1 - (1 - remaining) ** 0.5",
};

/** From `first` to `last`, of which `weight` says how much is left. */
export function between(first: number, last: number, weight: string): string {
  return `${last} + (${first} - ${last}) * (${weight})`;
}

/** What is left of the stretch from `start` to `end`, from 1 to 0. */
export function remaining(start: number, end: number): string {
  return `(${end} - minimum(maximum(t, ${start}), ${end})) / (${end} - ${start})`;
}

/** As a real number: Python's whole numbers do not end, JAX's wrap around. */
export function real(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e21
    ? `${value}.0`
    : `${value}`;
}

/** The iterations of `t` since `start`, as `since` has it. */
export function sinceOf(start: number): string {
  const { numerator, denominator } = fractionOf(start) ??
    { numerator: 0, denominator: 1 };
  return denominator === 1
    ? `t - ${start}`
    : `(t * ${denominator} - ${numerator}) / ${denominator}`;
}

/** How many times `size` fits into `t`, and what is left, as `multiples` has it. */
export function multiplesOf(
  size: number,
  isWhole: boolean,
): { count: string; rest: string } {
  const fraction = fractionOf(size);
  const [whole, parts] = [fraction?.numerator ?? 0, fraction?.denominator ?? 0];
  // Whole numbers are exact while they stay below the 2^31 of JAX.
  if (!(parts > 1 && whole * parts < 2 ** 31)) {
    return { count: `t // ${size}`, rest: `t % ${size}` };
  }
  const within = isWhole
    ? `(t % ${whole}) * ${parts}`
    : `snapped((t % ${whole}) * ${parts})`;
  return {
    count: `t // ${whole} * ${parts} + ${within} // ${whole}`,
    rest: `${within} % ${whole} / ${parts}`,
  };
}

/** `base ** exponent` for a base > 1: infinite, not an error, where too large. */
export function growth(base: number, exponent: string): string {
  let most = Math.floor(Math.log(Number.MAX_VALUE) / Math.log(base));
  if (base ** most === Infinity) most--;
  return `where(${exponent} <= ${most}, ${
    real(base)
  } ** minimum(${exponent}, ${most}), inf)`;
}
