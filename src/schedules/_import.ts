/** Reading the numbers of other frameworks' schedules. */

import { show } from "../runtime/check_data.ts";

/** Values by name, as other frameworks save them. */
export type State = Record<string, unknown>;

/** The number called `name`, or an error that says what it is instead. */
export function numberOf(state: State, name: string, from: string): number {
  const value = Object.hasOwn(state, name) ? state[name] : undefined;
  if (typeof value === "number") return value;
  throw new TypeError(
    `Cannot import a schedule as ${from}.${name} must be a number: current value is ${
      show(value)
    }`,
  );
}

function fail(from: string, must: string, value: unknown): TypeError {
  return new TypeError(
    `Cannot import a schedule as ${from} must be ${must}: current value is ${
      show(value)
    }`,
  );
}

/** An object, or an error that says what it is instead. */
export function stateOf(value: unknown, from: string): State {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as State;
  }
  throw fail(from, "an object", value);
}

/** The list of numbers called `name`, or an error that says what it is. */
export function numbersOf(state: State, name: string, from: string): number[] {
  const values = Object.hasOwn(state, name) ? state[name] : undefined;
  const isList = Array.isArray(values) &&
    values.every((value) => typeof value === "number");
  if (isList) return values;
  throw fail(`${from}.${name}`, "a list of numbers", values);
}

/** Text, which stays as it is, or what Python's json writes and JSON has not. */
const NOT_JSON = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g;

/**
 * What JSON text stands for; another value as it is. The numbers that Python
 * writes and JSON has no name for are text then.
 */
export function parsed(state: unknown): unknown {
  if (typeof state !== "string") return state;
  const text = state.replace(
    NOT_JSON,
    (found) => found.startsWith('"') ? found : `"${found}"`,
  );
  try {
    return JSON.parse(text);
  } catch {
    throw fail("state", "JSON", state);
  }
}
