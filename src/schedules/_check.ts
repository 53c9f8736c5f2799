/** Argument checks that word their errors alike. */

import { suggestion } from "../runtime/nearest_name.ts";
import { isRecord } from "../runtime/records.ts";

/** A value under the name by which it was given, such as `{ maxLr }`. */
type Named<T> = { readonly [name: string]: T };

/** A value in an error's words, whatever it is. */
export function show(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  // Not by its own methods, which may be missing, or throw.
  if (typeof value === "object" && value !== null) {
    return Array.isArray(value) ? "a list" : "an object";
  }
  return typeof value === "function" ? "a function" : String(value);
}

function fail(action: string, given: Named<unknown>, must: string) {
  const [[name, value]] = Object.entries(given);
  const shown = show(value);
  return new RangeError(
    `Cannot ${action} as ${name} must ${must}: current value is ${shown}`,
  );
}

/** Throws unless `value` is a finite number >= 0. */
export function checkNotNegative(action: string, name: string, value: number) {
  if (!(Number.isFinite(value) && value >= 0)) {
    throw fail(action, { [name]: value }, "be a finite number >= 0");
  }
}

/** Throws unless `value` is a finite number > 0. */
export function checkPositive(action: string, name: string, value: number) {
  if (!(Number.isFinite(value) && value > 0)) {
    throw fail(action, { [name]: value }, "be a finite number > 0");
  }
}

/** Throws unless `value` is in (0, 1]. */
export function checkFactor(action: string, name: string, value: number) {
  if (!(typeof value === "number" && value > 0 && value <= 1)) {
    throw fail(action, { [name]: value }, "be > 0 and <= 1");
  }
}

/** Throws unless `value` is a finite number >= 1. */
export function checkAtLeastOne(action: string, name: string, value: number) {
  if (!(Number.isFinite(value) && value >= 1)) {
    throw fail(action, { [name]: value }, "be a finite number >= 1");
  }
}

/** Throws unless `value` is in [0, 1). */
export function checkMomentum(action: string, name: string, value: number) {
  if (!(typeof value === "number" && value >= 0 && value < 1)) {
    throw fail(action, { [name]: value }, "be >= 0 and < 1");
  }
}

/** Throws unless what is given is a whole number of at least `least`. */
export function checkCount(action: string, given: Named<number>, least = 1) {
  const [value] = Object.values(given);
  if (!(Number.isSafeInteger(value) && value >= least)) {
    throw fail(action, given, `be a whole number >= ${least}`);
  }
}

/** Throws unless the first is as large as the second, or larger. */
export function checkAtLeast(
  action: string,
  given: Named<number>,
  least: Named<number>,
) {
  const [value] = Object.values(given);
  const [[leastName, leastValue]] = Object.entries(least);
  if (!(value >= leastValue)) {
    throw fail(action, given, `be >= ${leastName} (${leastValue})`);
  }
}

/** Throws unless what is given is one of `choices`. */
export function checkChoice<T extends string>(
  action: string,
  given: Named<T>,
  choices: readonly T[],
) {
  const [value] = Object.values(given);
  if (!choices.includes(value)) {
    const listed = choices.map((choice) => `"${choice}"`).join(", ");
    const error = fail(action, given, `be one of ${listed}`);
    if (typeof value === "string") error.message += suggestion(value, choices);
    throw error;
  }
}

/** Throws unless `value` is a function. */
export function checkFunction(action: string, name: string, value: unknown) {
  if (typeof value !== "function") {
    throw new TypeError(
      `Cannot ${action} as ${name} must be a function: current value is ${
        show(value)
      }`,
    );
  }
}

/** Throws unless `value` is an object. */
export function checkObject(action: string, name: string, value: unknown) {
  if (isRecord(value)) return;
  throw new TypeError(
    `Cannot ${action} as ${name} must be an object: current value is ${
      show(value)
    }`,
  );
}

/** Throws unless what is given is a list of objects, which look like `form`. */
export function checkObjects(
  action: string,
  given: Named<unknown>,
  form: string,
) {
  const [[name, value]] = Object.entries(given);
  const isList = Array.isArray(value) &&
    value.every(isRecord);
  if (isList) return;
  throw new TypeError(
    `Cannot ${action} as ${name} must be a list of ${form}: current value is ${
      Array.isArray(value)
        ? `a list with ${show(value.find((item) => !isRecord(item)))}`
        : show(value)
    }`,
  );
}

/** Throws unless `iteration` is a finite number >= 0. */
export function checkIteration(iteration: number) {
  if (!(Number.isFinite(iteration) && iteration >= 0)) {
    throw fail(
      "evaluate a schedule",
      { iteration },
      "be a finite number >= 0",
    );
  }
}
