import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { linear } from "@clr/clr/schedules";

// optax, schedules/_schedule_test.py, PolynomialTest.test_linear.
Deno.test("linear() gives optax's vector", () => {
  const rate = linear({ startLr: 10, endLr: 20, iterations: 10 });
  assertEquals(
    Array.from({ length: 15 }, (_, t) => rate(t)),
    [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 20, 20, 20, 20],
  );
});

// PyTorch, test_lrscheduler.py, test_linear_linearlr_is_constant_for_constant_epoch
// and test_linearlr: start_factor 1/2 of 0.05 in 4 iterations.
Deno.test("linear() gives PyTorch's vector of LinearLR", () => {
  const rate = linear({ startLr: 0.025, endLr: 0.05, iterations: 4 });
  const expected = [0.025, 0.03125, 0.0375, 0.04375, 0.05, 0.05];
  expected.forEach((lr, t) => assertAlmostEquals(rate(t), lr, 1e-17));
});

Deno.test("linear() refuses bad options by name", () => {
  const good = { startLr: 1, endLr: 0, iterations: 10 };
  for (const name of ["startLr", "endLr", "iterations"]) {
    assertThrows(
      () => linear({ ...good, [name]: -1 }),
      RangeError,
      `Cannot create a linear schedule as ${name} must be`,
    );
  }
});
