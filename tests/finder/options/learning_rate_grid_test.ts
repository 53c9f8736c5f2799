import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { learningRateGrid } from "../../../src/finder/options/learning_rate_grid.ts";

Deno.test("learningRateGrid() multiplies by equal factors", () => {
  const grid = learningRateGrid(1e-4, 1, { count: 5 });
  for (const [i, rate] of [1e-4, 1e-3, 1e-2, 1e-1, 1].entries()) {
    assertAlmostEquals(grid[i], rate, 1e-12);
  }
});

Deno.test("learningRateGrid() adds equal steps when linear, from 0 too", () => {
  assertEquals(
    Array.from(learningRateGrid(0, 1, { count: 5, growth: "linear" })),
    [0, 0.25, 0.5, 0.75, 1],
  );
});

Deno.test("learningRateGrid() starts and ends exactly, and increases", () => {
  fc.assert(fc.property(
    fc.record({
      start: fc.double({ min: 1e-9, max: 1e-2, noNaN: true }),
      ratio: fc.double({ min: 2, max: 1e6, noNaN: true }),
      count: fc.integer({ min: 2, max: 1000 }),
      growth: fc.constantFrom("exponential" as const, "linear" as const),
    }),
    ({ start, ratio, count, growth }) => {
      const grid = learningRateGrid(start, start * ratio, { count, growth });
      assertEquals(grid.length, count);
      assertEquals(grid[0], start);
      assertEquals(grid[count - 1], start * ratio);
      assert(grid.every((rate, i) => i === 0 || rate > grid[i - 1]));
    },
  ));
});

Deno.test("learningRateGrid() of one rate is the first", () => {
  assertEquals(Array.from(learningRateGrid(0.1, 1, { count: 1 })), [0.1]);
});
