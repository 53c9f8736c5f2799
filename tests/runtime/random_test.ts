import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  borrowMathRandom,
  seededRandom,
  shuffle,
} from "../../src/runtime/random.ts";

/** Mulberry32 in whole numbers that do not end, cut to 32 bits where C cuts. */
function mulberry32(seed: bigint): () => number {
  const cut = (value: bigint) => BigInt.asUintN(32, value);
  let state = cut(seed);
  return () => {
    state = cut(state + 0x6d2b79f5n);
    let z = cut((state ^ (state >> 15n)) * (state | 1n));
    z ^= cut(z + cut((z ^ (z >> 7n)) * (z | 61n)));
    return Number(z ^ (z >> 14n)) / 2 ** 32;
  };
}

Deno.test("seededRandom() is mulberry32, of any whole seed", () =>
  fc.assert(fc.property(fc.maxSafeInteger(), (seed) => {
    const [actual, expected] = [seededRandom(seed), mulberry32(BigInt(seed))];
    for (let i = 0; i < 20; i++) assertEquals(actual(), expected());
  })));

Deno.test("shuffle() puts every value in every place equally often", () => {
  const size = 5;
  const runs = 50_000;
  const random = seededRandom(1);
  const counts = Array.from({ length: size }, () => new Array(size).fill(0));
  for (let run = 0; run < runs; run++) {
    const values = Int32Array.from({ length: size }, (_, i) => i);
    shuffle(values, random);
    values.forEach((value, place) => counts[value][place]++);
    assertEquals(values.toSorted(), Int32Array.of(0, 1, 2, 3, 4));
  }
  const expected = runs / size;
  // Five standard deviations of a count.
  const most = 5 * Math.sqrt(expected * (1 - 1 / size));
  for (const count of counts.flat()) {
    assert(Math.abs(count - expected) < most, `${count} times`);
  }
});

Deno.test("borrowMathRandom() gives Math.random back, however borrowers overlap", () => {
  const own = Math.random;
  const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [
    2,
    1,
    0,
  ]];
  for (const order of orders) {
    // Alike, which two snapshots of a seed are.
    const random = () => 0.25;
    const borrowed = [0, 1, 2].map((k) =>
      borrowMathRandom(k === 1 ? () => 0.5 : random)
    );
    const kept = new Set([0, 1, 2]);
    for (const k of order) {
      assertEquals(Math.random(), Math.max(...kept) === 1 ? 0.5 : 0.25);
      borrowed[k][Symbol.dispose]();
      kept.delete(k);
    }
    assert(Math.random === own);
  }
});
