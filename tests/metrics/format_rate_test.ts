import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { formatRate } from "../../src/metrics/format_rate.ts";

Deno.test("formatRate() writes rates as people do", () => {
  for (
    const [rate, three, two] of [
      [0.0021312, "0.00213", "0.0021"],
      [0.006, "0.006", "0.006"],
      [1.5e-7, "1.5e-7", "1.5e-7"],
      [0.0001, "0.0001", "0.0001"],
      [0.00009996, "0.0001", "0.0001"],
      [0, "0", "0"],
      [-0.25, "-0.25", "-0.25"],
      [9999, "1e4", "1e4"],
      [1234, "1230", "1200"],
    ] as const
  ) {
    assertEquals(formatRate(rate), three);
    assertEquals(formatRate(rate, 2), two);
  }
});

Deno.test("formatRate() says the rate to the digits that were asked for", () => {
  fc.assert(fc.property(
    fc.double({ min: 1e-12, max: 1e12, noNaN: true }),
    fc.integer({ min: 1, max: 6 }),
    (rate, digits) => {
      const said = Number(formatRate(rate, digits));
      assert(Math.abs(said - rate) <= 0.5 * rate * 10 ** (1 - digits) * 1.0001);
    },
  ));
});
