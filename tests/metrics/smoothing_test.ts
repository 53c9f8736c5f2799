import { assertAlmostEquals, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { smooth } from "../../src/metrics/smoothing.ts";

Deno.test("smooth() of a constant is exactly that constant", () => {
  fc.assert(fc.property(
    // The sum of 0 and -0 is 0.
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
    fc.double({ min: 0, max: 0.999, noNaN: true }),
    (value, beta) =>
      assertEquals(
        Array.from(smooth([value, value, value], beta)),
        [value, value, value],
      ),
  ));
});

Deno.test("smooth() follows the bias-corrected recurrence", () => {
  const values = [3, 1, 4, 1, 5, 9, 2, 6];
  const beta = 0.8;
  let average = 0;
  const expected = values.map((value, i) => {
    average = beta * average + (1 - beta) * value;
    return average / (1 - beta ** (i + 1));
  });
  const smoothed = smooth(values, beta);
  for (let i = 0; i < values.length; i++) {
    assertAlmostEquals(smoothed[i], expected[i], 1e-12);
  }
});

Deno.test("smooth() with beta 0 changes nothing", () => {
  assertEquals(Array.from(smooth([3, 1, 4], 0)), [3, 1, 4]);
});
