import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { preferredRate } from "../../../src/finder/curves/preferred_rate.ts";

const ANY = { least: 0, greatest: Infinity };
/** From the lowest rates to the highest that anybody trains at. */
const rates = fc.double({ min: -12, max: 6, noNaN: true })
  .map((decade) => 10 ** decade);

Deno.test("preferredRate() gives E12's number of two digits, within half a step", () => {
  // IEC 60063: the powers of ten to the twelfths but for 2.7 to 4.7 and 8.2,
  // which industry had chosen before.
  const mantissas = "10 12 15 18 22 27 33 39 47 56 68 82".split(" ");
  fc.assert(fc.property(rates, (rate) => {
    const stated = preferredRate(rate, ANY);
    assert(mantissas.includes(stated.toExponential(1).replace(/\.|e.*/g, "")));
    assertEquals(stated, Number(stated.toPrecision(2)));
    assert(
      Math.abs(Math.log(stated / rate)) <= Math.log(1.5 / 1.2) / 2 + 1e-12,
    );
    assertEquals(preferredRate(stated, ANY), stated);
  }));
});

Deno.test("preferredRate() is as high for a higher rate, and ten times for ten times", () => {
  fc.assert(fc.property(rates, rates, (a, b) => {
    const [low, high] = [a, b].sort((one, other) => one - other);
    assert(preferredRate(low, ANY) <= preferredRate(high, ANY));
    assertAlmostEquals(
      preferredRate(10 * a, ANY) / preferredRate(a, ANY),
      10,
      // A rate midway between two may go either way.
      2.5,
    );
  }));
});

Deno.test("preferredRate() leaves rates within limits there", () => {
  fc.assert(fc.property(rates, rates, rates, (...three) => {
    const [least, rate, greatest] = three.sort((a, b) => a - b);
    const stated = preferredRate(rate, { least, greatest });
    assert(least <= stated && stated <= greatest);
  }));
  assertEquals(
    preferredRate(0.0131, { least: 0.001, greatest: 0.0135 }),
    0.012,
  );
  assertEquals(
    preferredRate(0.0131, { least: 0.0125, greatest: 0.014 }),
    0.0131,
  );
  // Limits that it is beyond of already say nothing.
  assertEquals(preferredRate(0.0131, { least: 0.1, greatest: 1 }), 0.012);
  for (const rate of [0, NaN, Infinity, 5e-324]) {
    assertEquals(preferredRate(rate, ANY), rate);
  }
});
