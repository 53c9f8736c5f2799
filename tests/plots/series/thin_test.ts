import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { thin, union } from "../../../src/plots/series/thin.ts";

const series = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
  minLength: 1,
  maxLength: 3000,
});

Deno.test("thin() keeps the extremes of every bucket", () => {
  fc.assert(
    fc.property(series, fc.integer({ min: 1, max: 60 }), (values, buckets) => {
      const kept = thin(values, buckets);
      assert(kept.length <= Math.max(values.length, 4 * buckets));
      if (values.length <= 4 * buckets) {
        return assertEquals(kept.length, values.length);
      }
      assert(kept.length <= 4 * buckets);
      for (let i = 1; i < kept.length; i++) assert(kept[i] > kept[i - 1]);
      for (let bucket = 0; bucket < buckets; bucket++) {
        const start = Math.floor(bucket * values.length / buckets);
        const end = Math.floor((bucket + 1) * values.length / buckets);
        const inside = kept.filter((i) => i >= start && i < end)
          .map((i) => values[i]);
        const all = values.slice(start, end);
        assertEquals(Math.min(...inside), Math.min(...all));
        assertEquals(Math.max(...inside), Math.max(...all));
        assertEquals(inside[0], all[0]);
        assertEquals(inside.at(-1), all.at(-1));
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("thin() leaves out what is not finite", () => {
  const values = Array.from({ length: 1000 }, (_, i) => i % 2 ? i : NaN);
  const kept = thin(values, 10);
  assert(kept.every((i) => Number.isFinite(values[i])));
  assertEquals(kept.at(-1), 999);
  assertEquals(thin(new Array(1000).fill(NaN), 10), []);
});

Deno.test("thin() makes buckets equal in their positions", () => {
  // Ten times as dense from 900 on.
  const positions = Array.from(
    { length: 1900 },
    (_, i) => i < 900 ? i : 900 + (i - 900) / 10,
  );
  const kept = thin(positions, 10, positions);
  const old = kept.filter((i) => i < 900).length;
  assertEquals([old, kept.length - old], [18, 2]);
  assertEquals([kept[0], kept.at(-1)], [0, 1899]);
});

Deno.test("union() merges ascending indices", () => {
  assertEquals(union([1, 4, 9], [0, 4, 10]), [0, 1, 4, 9, 10]);
});
