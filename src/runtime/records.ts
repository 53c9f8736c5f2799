/** Objects by their names, whose types TypeScript's library widens to string. */

/** Objects of JavaScript's own that hold nothing under names. */
const NAMELESS =
  /^\[object (Array|Date|Map|Promise|RegExp|Set|WeakMap|WeakSet|ArrayBuffer)\]$/;

/**
 * Whether a value is an object that can hold others by their names. A promise
 * without its `await` and a Map are objects too, in which no name is found, so
 * that every default would be taken in silence.
 */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null &&
    !ArrayBuffer.isView(value) &&
    !NAMELESS.test(Object.prototype.toString.call(value));
}

/** The names of an object's own values. */
export function keysOf<T extends object>(record: T): (keyof T & string)[] {
  return Object.keys(record) as (keyof T & string)[];
}

/** An object with a value for each of these names. */
export function recordOf<Name extends string, Value>(
  names: readonly Name[],
  value: (name: Name, index: number) => Value,
): Record<Name, Value> {
  const entries = names.map((name, i) => [name, value(name, i)] as const);
  return Object.fromEntries(entries) as Record<Name, Value>;
}
