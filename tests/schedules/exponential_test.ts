import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { exponential, lengthOf } from "@clr/clr/schedules";

// optax, schedules/_schedule_test.py, ExponentialTest.
Deno.test("exponential() gives optax's vectors", () => {
  for (const staircase of [false, true]) {
    for (
      const [factor, endLr] of [[0.2, 0.1], [1, 0.1], [2, 3], [2, undefined]]
    ) {
      const rate = exponential({
        startLr: 1,
        factor: factor!,
        iterations: 2,
        staircase,
        endLr,
      });
      for (let t = 0; t < 15; t++) {
        const raw = factor! ** (staircase ? Math.floor(t / 2) : t / 2);
        const expected = endLr === undefined
          ? raw
          : factor! <= 1
          ? Math.max(raw, endLr)
          : Math.min(raw, endLr);
        assertAlmostEquals(rate(t), expected, 1e-12);
      }
    }
  }
});

Deno.test("exponential() has its end where endLr is reached", () => {
  const options = { startLr: 1, factor: 0.1, iterations: 10, endLr: 0.005 };
  // 0.1^(t / 10) <= 0.005 from t = 23.01 on.
  assertEquals(lengthOf(exponential(options)), 24);
  assertEquals(lengthOf(exponential({ ...options, staircase: true })), 30);
  assertEquals(lengthOf(exponential({ startLr: 1, factor: 0.1 })), Infinity);
  assertEquals(lengthOf(exponential({ startLr: 1, factor: 1 })), 0);
});

Deno.test("exponential() refuses an endLr on the wrong side", () => {
  assertThrows(
    () => exponential({ startLr: 1, factor: 0.5, endLr: 2 }),
    RangeError,
    "endLr must be <= startLr (1) with factor 0.5: current value is 2",
  );
  assertThrows(
    () => exponential({ startLr: 1, factor: 2, endLr: 0.5 }),
    RangeError,
    "endLr must be >= startLr (1) with factor 2: current value is 0.5",
  );
});
