/** Damage to data, drawn from a seeded stream. */

import { type Random, seededRandom } from "../../src/runtime/random.ts";

export { type Random, seededRandom };

/** A whole number from 0 to before `end`. */
export function below(end: number, random: Random): number {
  return Math.floor(random() * end);
}

/** One of some values. */
export function oneOf<T>(values: readonly T[], random: Random): T {
  return values[below(values.length, random)];
}

const NAMES = [
  "__proto__",
  "constructor",
  "toString",
  "length",
  "prototype",
  "then",
  "toJSON",
  "x",
];

/** A value that is seldom expected. */
export function oddValue(random: Random): unknown {
  return oneOf<() => unknown>([
    () => null,
    () => undefined,
    () => NaN,
    () => Infinity,
    () => -Infinity,
    () => -1,
    () => 0,
    () => -0,
    () => 0.5,
    () => 1e308,
    () => 5e-324,
    () => 2 ** 53,
    () => 2 ** 31,
    () => (random() - 0.5) * 10 ** below(20, random),
    () => below(100, random),
    () => true,
    () => "",
    () => "x",
    () => "1e999",
    () => "../../x",
    () => "\0\n\u202e",
    () => "9".repeat(400),
    () => oneOf(NAMES, random),
    () => [],
    () => ({}),
    () => ({ length: 1e9 }),
    () => [[]],
    () => [null],
    () => ({ value: null }),
    () => Array.from({ length: below(50, random) }, () => random()),
  ], random)();
}

type Json = { [name: string]: unknown } | unknown[];

function* containersIn(value: unknown): Iterable<Json> {
  if (typeof value !== "object" || value === null) return;
  yield value as Json;
  for (const inner of Object.values(value)) yield* containersIn(inner);
}

function define(holder: Json, name: string, value: unknown): void {
  // JSON gives lists no names.
  if (Array.isArray(holder) && !/^\d+$/.test(name)) {
    holder.push(value);
    return;
  }
  Object.defineProperty(holder, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** A copy of plain data with one to four parts changed, removed, added or swapped. */
export function mutateJson<T>(data: T, random: Random): unknown {
  const root = { data: structuredClone(data) as unknown };
  const times = 1 + below(4, random);
  for (let i = 0; i < times; i++) {
    const containers = [...containersIn(root)];
    const holder = oneOf(containers, random) as { [name: string]: unknown };
    const names = Object.keys(holder);
    if (holder === root || names.length === 0) {
      if (random() < 0.1) root.data = oddValue(random);
      continue;
    }
    const name = oneOf(names, random);
    switch (below(6, random)) {
      case 0:
        if (Array.isArray(holder)) holder.splice(Number(name), 1);
        else delete holder[name];
        break;
      case 1:
        define(holder, oneOf(NAMES, random), oddValue(random));
        break;
      case 2: {
        const other = oneOf(names, random);
        const value = holder[name];
        define(holder, name, holder[other]);
        define(holder, other, value);
        break;
      }
      case 3: {
        const number = holder[name];
        if (typeof number === "number") {
          define(holder, name, number * oneOf([-1, 0, 1e9, 1e-9, 1.5], random));
          break;
        }
      }
      // falls through
      default:
        define(holder, name, oddValue(random));
    }
  }
  return root.data;
}

/** Text in which some characters are changed, removed or repeated. */
export function mutateText(text: string, random: Random): string {
  const bytes = mutateBytes(new TextEncoder().encode(text), random);
  return new TextDecoder().decode(bytes);
}

/** A copy of bytes with one to four places changed. */
export function mutateBytes(
  bytes: Uint8Array,
  random: Random,
): Uint8Array<ArrayBuffer> {
  let changed: Uint8Array<ArrayBuffer> = Uint8Array.from(bytes);
  const times = 1 + below(4, random);
  for (let i = 0; i < times && changed.length > 0; i++) {
    // Headers, at the start, decide over most.
    const reach = random() < 0.5
      ? Math.min(64, changed.length)
      : changed.length;
    const at = below(reach, random);
    const length = Math.min(1 + below(9, random), changed.length - at);
    switch (below(7, random)) {
      case 0:
        changed[at] ^= 1 << below(8, random);
        break;
      case 1:
        changed.fill(oneOf([0, 0xff, 0x7f, 0x80], random), at, at + length);
        break;
      case 2:
        changed = changed.slice(0, at);
        break;
      case 3:
        changed = splice(changed, {
          at,
          removed: length,
          added: new Uint8Array(),
        });
        break;
      case 4:
        changed = splice(changed, {
          at,
          removed: 0,
          added: changed.slice(at, at + length),
        });
        break;
      case 5:
        changed.set(
          Uint8Array.from({ length }, () => below(256, random)),
          at,
        );
        break;
      default: {
        const from = below(changed.length - length + 1, random);
        changed.copyWithin(at, from, from + length);
      }
    }
  }
  return changed;
}

function splice(
  bytes: Uint8Array,
  { at, removed, added }: {
    readonly at: number;
    readonly removed: number;
    readonly added: Uint8Array;
  },
): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes.length - removed + added.length);
  result.set(bytes.subarray(0, at));
  result.set(added, at);
  result.set(bytes.subarray(at + removed), at + added.length);
  return result;
}
