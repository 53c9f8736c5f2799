/**
 * What a run saves of its own in a checkpoint, as JSON, and beside it the numbers
 * that JSON has no way to write: it makes null of NaN and of the infinities, and
 * 0 of −0. A best loss so far of Infinity would come back as null, which compares
 * as 0.
 */

import {
  type Check,
  listOf,
  oneOf,
  record,
  text,
} from "../../runtime/check_data.ts";
import { setValue } from "../../runtime/columns.ts";

/** A number that JSON lost, and where it was. */
export interface LostNumber {
  /** The names and indices that lead to it; none where it is the data. */
  readonly path: readonly string[];
  readonly value: keyof typeof NUMBERS;
}

const NUMBERS = { NaN, Infinity, "-Infinity": -Infinity, "-0": -0 };

/** What {@linkcode LostNumber}s must be. */
export const lostNumbersCheck: Check = listOf(record({
  path: listOf(text),
  value: oneOf(...Object.keys(NUMBERS)),
}));

/** Data as a checkpoint holds them. */
export interface SavedData {
  readonly data: unknown;
  /** Absent where there are none. */
  readonly numbers?: readonly LostNumber[];
}

/** The data of this moment, whatever becomes of them. */
export function saveData(data: unknown): SavedData {
  const lost: LostNumber[] = [];
  // What is within a value is written right after it: an object that is there
  // twice has at that time the path that counts.
  const paths = new Map<unknown, readonly string[]>();
  const json = JSON.stringify(
    data,
    function (this: unknown, name: string, value: unknown) {
      const above = paths.get(this);
      const path = above ? [...above, name] : [];
      if (typeof value === "object" && value !== null) paths.set(value, path);
      if (
        typeof value === "number" &&
        (!Number.isFinite(value) || Object.is(value, -0))
      ) {
        const shown = Object.is(value, -0) ? "-0" : String(value);
        lost.push({ path, value: shown as LostNumber["value"] });
      }
      return value;
    },
  );
  return {
    data: JSON.parse(json ?? "null"),
    ...(lost.length > 0 && { numbers: lost }),
  };
}

/**
 * The data that were saved, with the numbers that JSON lost in their places.
 *
 * @throws {RangeError} If one has no place there.
 */
export function savedData({ data, numbers = [] }: SavedData): unknown {
  const root = { data };
  for (const { path, value } of numbers) {
    let holder: object = root;
    let name = "data";
    for (const next of path) {
      holder = Object(ownOf(holder, name, path));
      name = next;
    }
    ownOf(holder, name, path);
    setValue(holder as { [name: string]: unknown }, name, NUMBERS[value]);
  }
  return root.data;
}

function ownOf(
  holder: object,
  name: string,
  path: readonly string[],
): unknown {
  if (Object.hasOwn(holder, name)) {
    return (holder as { readonly [name: string]: unknown })[name];
  }
  throw new RangeError(`its data have no number at ${path.join(".")}`);
}
