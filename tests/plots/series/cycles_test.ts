import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { CyclicLR } from "@clr/clr";
import { cycleEnds } from "../../../src/plots/series/cycles.ts";

Deno.test("cycleEnds() finds the troughs of a cyclic rate", () => {
  const clr = new CyclicLR({ stepSize: 10, stepSizeDown: 15 });
  const rates = Array.from({ length: 101 }, (_, i) => clr.at(i));
  assertEquals(cycleEnds(rates), [25, 50, 75]);
});

Deno.test("cycleEnds() takes a jump back up for the end of a cycle", () => {
  assertEquals(cycleEnds([3, 2, 1, 3, 2, 1, 3]), [2, 5]);
});

Deno.test("cycleEnds() finds none in constant and monotone rates", () => {
  assertEquals(cycleEnds([1, 1, 1]), []);
  assertEquals(cycleEnds([3, 2, 2, 1]), []);
  assertEquals(cycleEnds([1, 2, 2, 3]), []);
  assertEquals(cycleEnds([]), []);
});

Deno.test("cycleEnds() waits at a floor until the rate rises", () => {
  assertEquals(cycleEnds([2, 1, 1, 1, 2]), [1]);
});

Deno.test("cycleEnds() takes no rounding for a cycle", () => {
  const rates = Array.from(
    { length: 1000 },
    (_, i) => 0.1 + (i % 2) * 1e-17 + (i % 3) * 1.4e-17,
  );
  assertEquals(cycleEnds(rates), []);
  const clr = new CyclicLR({ stepSize: 2000, mode: "triangular2" });
  const ends = cycleEnds(
    Array.from({ length: 600_000 }, (_, i) => clr.at(i)),
  );
  assert(ends.length > 40);
  ends.forEach((end, i) => assertAlmostEquals(end, 4000 * (i + 1), 20));
});

Deno.test("cycleEnds() passes over what is not finite", () => {
  assertEquals(cycleEnds([NaN, 3, 2, 1, NaN, 3, 2, Infinity]), [3, 6]);
});
