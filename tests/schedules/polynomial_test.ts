import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { polynomial } from "@clr/clr/schedules";

// optax, schedules/_schedule_test.py, PolynomialTest.test_nonlinear.
Deno.test("polynomial() gives optax's vector", () => {
  const rate = polynomial({ startLr: 25, endLr: 10, iterations: 10, power: 2 });
  for (let t = 0; t < 15; t++) {
    const expected = t < 10 ? 10 + 15 * (1 - t / 10) ** 2 : 10;
    assertAlmostEquals(rate(t), expected, 1e-14);
  }
});

// PyTorch, test_lrscheduler.py, test_polynomial_lr.
Deno.test("polynomial() gives PyTorch's vector of PolynomialLR", () => {
  const rate = polynomial({ startLr: 0.05, iterations: 10, power: 0.9 });
  for (let t = 0; t < 15; t++) {
    const expected = t < 10 ? 0.05 * (1 - t / 10) ** 0.9 : 0;
    assertAlmostEquals(rate(t), expected, 1e-16);
  }
  assertEquals(rate(10), 0);
});

Deno.test("polynomial() refuses a power that is not > 0", () => {
  assertThrows(
    () => polynomial({ startLr: 1, iterations: 10, power: 0 }),
    RangeError,
    "power must be a finite number > 0: current value is 0",
  );
});

Deno.test("polynomial() with cycle decays anew over two, three … times as long, as Keras's", () => {
  const rate = polynomial({ startLr: 1, iterations: 4, cycle: true });
  assertEquals(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12].map(rate),
    [1, 0.75, 0.5, 0.25, 0, 3 / 8, 2 / 8, 1 / 8, 0, 3 / 12, 0],
  );
});
