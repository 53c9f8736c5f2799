import { checkKind } from "./check_given.ts";

/** A stream of uniform numbers in [0, 1). */
export type Random = () => number;

/**
 * A seeded stream of uniform numbers in [0, 1): mulberry32, whose 32 bits of
 * state are ample to shuffle data sets and draw dropout masks. The same seed
 * gives the same stream.
 *
 * @param seed A whole number, of which the last 32 bits count.
 * @throws {TypeError} If it is none.
 *
 * @example
 * ```ts
 * import { seededRandom } from "@clr/clr/training";
 *
 * const [one, same] = [seededRandom(7), seededRandom(7)];
 * console.log(one() === same()); // true
 * ```
 */
export function seededRandom(seed: number): Random {
  checkKind(
    "draw random numbers",
    { name: "seed", value: seed, must: "a whole number" },
    Number.isSafeInteger(seed),
  );
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Puts `values` in random order, in place (Fisher and Yates).
 *
 * @throws {TypeError} If `values` is no list, or `random` no function.
 *
 * @example
 * ```ts
 * import { seededRandom, shuffle } from "@clr/clr/training";
 *
 * const order = Int32Array.from({ length: 5 }, (_, i) => i);
 * shuffle(order, seededRandom(1));
 * console.log(order);
 * ```
 */
export function shuffle(
  values: Int32Array | Uint32Array,
  random: Random,
): void {
  const action = "shuffle";
  checkKind(
    action,
    { name: "values", value: values, must: "a list of numbers" },
    Array.isArray(values) || ArrayBuffer.isView(values),
  );
  checkKind(
    action,
    { name: "random", value: random, must: "a function, seededRandom(7) say" },
    typeof random === "function",
  );
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [values[i], values[j]] = [values[j], values[i]];
  }
}

const borrowers: Random[] = [];
let original: Random;

/**
 * Puts `random` in place of `Math.random` until disposed. Dropout layers and
 * shuffled data sets draw from `Math.random`, whose state cannot be read: only
 * by not calling it does it stay as it was. Borrowers may overlap in any order.
 */
export function borrowMathRandom(random: Random): Disposable {
  // A function of its own, so that each borrower is told from the others.
  const borrower = () => random();
  if (borrowers.length === 0) original = Math.random;
  borrowers.push(borrower);
  Math.random = borrower;
  return {
    [Symbol.dispose]() {
      borrowers.splice(borrowers.indexOf(borrower), 1);
      Math.random = borrowers.at(-1) ?? original;
    },
  };
}
