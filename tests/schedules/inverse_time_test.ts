import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { inverseTime } from "@clr/clr/schedules";

Deno.test("inverseTime() follows Caffe's inv policy", () => {
  // LeNet's solver: base_lr 0.01, gamma 0.0001, power 0.75.
  const rate = inverseTime({ startLr: 0.01, decayRate: 1e-4, power: 0.75 });
  assertEquals(rate(0), 0.01);
  for (const t of [1, 500, 10_000]) {
    const expected = 0.01 * Math.exp(-0.75 * Math.log1p(1e-4 * t));
    assertAlmostEquals(rate(t), expected, 1e-17);
  }
});

// Keras, optimizer_schedules_test.py, InverseTimeDecayTest.
Deno.test("inverseTime() gives Keras's vectors of InverseTimeDecay", () => {
  const options = { startLr: 0.1, decayRate: 0.96, iterations: 10 };
  const stairs = inverseTime({ ...options, staircase: true });
  assertAlmostEquals(inverseTime(options)(2), 0.1 / (1 + 0.96 * 0.2), 1e-17);
  assertAlmostEquals(stairs(9), 0.1, 1e-17);
  assertAlmostEquals(stairs(10), 0.1 / (1 + 0.96), 1e-17);
});

Deno.test("inverseTime() refuses bad options by name", () => {
  assertThrows(
    () => inverseTime({ startLr: 1, decayRate: -1 }),
    RangeError,
    "decayRate must be a finite number >= 0: current value is -1",
  );
});
