import { assertAlmostEquals, assertEquals } from "@std/assert";
import { trend } from "../../src/plots/_trend.ts";

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
