/** Objects by their names, whose types TypeScript's library widens to string. */

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
