import { show } from "./check_data.ts";

/** How many edits a name may be from the one that was meant. */
const MOST_EDITS = 2;

/** Edits (insertions, deletions, substitutions) from one text to another. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1;
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + same));
    }
    row = next;
  }
  return row[to.length];
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/**
 * The name that was probably meant: the same but for case and punctuation, else
 * the nearest within two edits.
 */
export function nearestName(
  name: string,
  names: readonly string[],
): string | undefined {
  const meant = plain(name);
  let nearest: string | undefined;
  let least = Math.min(MOST_EDITS, Math.floor(meant.length / 2)) + 1;
  for (const candidate of names) {
    const edits = editDistance(meant, plain(candidate));
    if (edits < least) [nearest, least] = [candidate, edits];
  }
  return nearest;
}

/**
 * Throws if `options` is no object, or has a property that is none of `names`, which
 * would else be passed over in silence, and the default be used.
 */
export function checkNames(
  action: string,
  options: object,
  names: readonly string[],
): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `Cannot ${action} as options must be an object: current value is ${
        show(options)
      }`,
    );
  }
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const nearest = nearestName(name, names);
    throw new TypeError(
      `Cannot ${action} as its options must be among ${
        names.join(", ")
      }: current value has "${name}"${
        nearest === undefined ? "" : `; did you mean "${nearest}"?`
      }`,
    );
  }
}

/**
 * Throws if `object`, which may have properties of its own, has one that is
 * nearly one of `names`, and none of them.
 */
export function checkSpelling(
  action: string,
  object: object,
  names: readonly string[],
): void {
  for (const name of Object.keys(object)) {
    if (names.includes(name)) continue;
    const nearest = nearestName(name, names);
    if (nearest === undefined || nearest in object) continue;
    throw new TypeError(
      `Cannot ${action} as ${nearest} must be spelt so: current value is "${name}"`,
    );
  }
}
