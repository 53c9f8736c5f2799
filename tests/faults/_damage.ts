/** Damage at every place of data. */

// deno-lint-ignore no-explicit-any -- what is read is damaged on purpose
export type Json = any;

/** What no text can be made of. */
export const TEXTLESS = { toString: 1, valueOf: 1 };

/** The places of data, outermost first. */
export function* pathsIn(value: Json, path: readonly string[] = []): Iterable<
  readonly string[]
> {
  if (path.length > 0) yield path;
  if (typeof value !== "object" || value === null) return;
  const names = Object.keys(value);
  // The first and the last of a list stand for the others.
  const few = Array.isArray(value)
    ? names.filter((_, i) => i === 0 || i === names.length - 1)
    : names;
  for (const name of few) yield* pathsIn(value[name], [...path, name]);
}

/** The data with the value at `path` replaced, or removed. */
export function damage(
  whole: Json,
  path: readonly string[],
  value: { readonly by: unknown } | "removed",
): Json {
  const data = structuredClone(whole);
  const last = path.at(-1)!;
  const holder = path.slice(0, -1).reduce((at, name) => at[name], data);
  if (value !== "removed") holder[last] = value.by;
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
  return data;
}
