import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  interval,
  showDifference,
  signOf,
} from "../../../examples/paper/intervals.ts";

/** The share of Student's t above 0 and below `t`, by Simpson's rule. */
function shareBelow(t: number, freedom: number): number {
  const density = (x: number) => (1 + x * x / freedom) ** (-(freedom + 1) / 2);
  const integral = (to: number, steps: number) => {
    const h = to / steps;
    let sum = density(0) + density(to);
    for (let i = 1; i < steps; i++) sum += density(i * h) * (i % 2 ? 4 : 2);
    return sum * h / 3;
  };
  // Beyond the end the density is x^−(freedom + 1) · freedom^((freedom + 1) / 2).
  const end = 1000;
  const tail = freedom ** ((freedom + 1) / 2) * end ** -freedom / freedom;
  return integral(t, 20_000) / (integral(end, 400_000) + tail);
}

Deno.test("interval() holds 95 % of Student's t, whatever the number of runs", () => {
  for (let n = 2; n <= 21; n++) {
    // Mean 0 and standard error 1.
    const spread = Math.sqrt(n * (n - 1) / (n % 2 ? n - 1 : n));
    const values = Array.from(
      { length: n },
      (_, i) => n % 2 && i === 0 ? 0 : i % 2 ? spread : -spread,
    );
    const { mean, low, high } = interval(values);
    assertAlmostEquals(mean, 0, 1e-12);
    assertAlmostEquals(low, -high, 1e-9);
    assertAlmostEquals(shareBelow(high, n - 1), 0.95, 1e-3, `${n} runs`);
  }
});

Deno.test("interval() of one value has no ends, and of none there is none", () => {
  assertEquals(interval([2]), { mean: 2, low: -Infinity, high: Infinity });
  assertThrows(() => interval([]), RangeError, "current value is 0");
});

Deno.test("signOf() tells only what the interval tells", () => {
  assertEquals(signOf({ mean: 1, low: 0.1, high: 2 }), "above");
  assertEquals(signOf({ mean: -1, low: -2, high: -0.1 }), "below");
  assertEquals(signOf({ mean: 1, low: -0.1, high: 2 }), "open");
  assertEquals(signOf(interval([3])), "open");
});

Deno.test("showDifference() has signs, and none on what rounds to nothing", () => {
  assertEquals(
    showDifference({ mean: 0.44, low: -0.12, high: 1 }),
    "+0.4 (−0.1 to +1.0)",
  );
  assertEquals(
    showDifference({ mean: -0.01, low: -1, high: 0.98 }),
    "+0.0 (−1.0 to +1.0)",
  );
  assertEquals(showDifference(interval([1.25]), 2), "+1.25 (one seed)");
});
