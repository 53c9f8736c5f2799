import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  settledTrend,
  spanOf,
  trend,
} from "../../../src/plots/series/trend.ts";

Deno.test("trend() of a constant is that constant from the start", () => {
  for (const value of trend(new Array(20).fill(3), 5)) {
    assertAlmostEquals(value, 3, 1e-12);
  }
});

Deno.test("trend() has no value where the values have none, and goes on behind", () => {
  const whole = trend([4, 2, 3, 5], 5);
  assertEquals(trend([4, NaN, 2, Infinity, 3, 5, -Infinity], 5), [
    ...[whole[0], NaN, whole[1], NaN, whole[2], whole[3], NaN],
  ]);
  assertEquals(trend([NaN, NaN], 5), [NaN, NaN]);
});

Deno.test("spanOf() leaves few values as they are", () => {
  assertEquals([1, 4, 10, 20, 50, 250, 5000].map(spanOf), [
    ...[1, 1, 1, 2, 5, 5, 100],
  ]);
});

Deno.test("settledTrend() begins where as many values are smoothed as later", () => {
  const iterations = Array.from({ length: 100 }, (_, i) => i + 1);
  const course = settledTrend({ iterations, values: iterations });
  assertEquals(course.iterations[0], 5);
  assertEquals(course.values, trend(iterations, 5).slice(4));
  // A loss that is lost at once is all there is to tell.
  const lost = iterations.map((i) => i < 4 ? i : NaN);
  assertEquals(settledTrend({ iterations, values: lost }).values.slice(0, 4), [
    ...trend([1, 2, 3], 5),
    NaN,
  ]);
});
