import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  constant,
  cyclic,
  describe,
  exponential,
  fromDescription,
  lengthOf,
  linear,
  momentumOf,
  scale,
} from "@clr/clr/schedules";

Deno.test("scale() multiplies the rates and leaves momentum and length", () => {
  const momentum = { base: 0.8, max: 0.9 };
  const rate = scale(cyclic({ stepSize: 4, momentum }), 0.5);
  assertEquals([0, 4].map(rate), [0.0005, 0.003]);
  assertEquals([0, 4].map(momentumOf(rate)!), [0.9, 0.8]);
  const fall = linear({ startLr: 1, endLr: 0, iterations: 9 });
  assertEquals(lengthOf(scale(fall, 2)), 9);
});

Deno.test("scale() by a schedule lowers both bounds of a cycle, as the paper's exp_range", () => {
  const gamma = 0.99;
  const momentum = { base: 0.8, max: 0.9 };
  const cycles = cyclic({ baseLr: 0.001, maxLr: 0.006, stepSize: 7, momentum });
  const rate = scale(cycles, exponential({ startLr: 1, factor: gamma }));
  for (let t = 0; t < 60; t++) {
    const height = 1 - Math.abs(t / 7 - 2 * Math.floor(1 + t / 14) + 1);
    const expected = (0.001 + 0.005 * height) * gamma ** t;
    assertAlmostEquals(rate(t) / expected, 1, 1e-12, `at ${t}`);
    assertEquals(momentumOf(rate)!(t), momentumOf(cycles)!(t));
  }
  assertEquals(fromDescription(describe(rate))(23), rate(23));
});

Deno.test("scale() by a schedule ends with the later of the two", () => {
  const fall = linear({ startLr: 1, endLr: 0.5, iterations: 9 });
  const rise = linear({ startLr: 0, endLr: 1, iterations: 4 });
  assertEquals(lengthOf(scale(fall, rise)), 9);
  assertEquals(lengthOf(scale(rise, fall)), 9);
  assertEquals(lengthOf(scale(constant(1), rise)), 4);
  const own = scale(fall, () => 2);
  assertEquals([own(0), lengthOf(own)], [2, Infinity]);
  assertThrows(() => describe(own), TypeError, "Cannot describe");
});

Deno.test("scale() refuses a factor that is no rate's", () => {
  assertThrows(
    () => scale(cyclic(), -1),
    RangeError,
    "factor must be a finite number >= 0: current value is -1",
  );
  const rate = scale(cyclic(), (t) => 1 - t);
  assertEquals(rate(1), 0);
  assertThrows(
    () => rate(2),
    RangeError,
    "factor(2) must be a finite number >= 0: current value is -1",
  );
});
