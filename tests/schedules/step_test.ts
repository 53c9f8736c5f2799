import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { step } from "@clr/clr/schedules";

// PyTorch, test_lrscheduler.py, test_step_lr.
Deno.test("step() gives PyTorch's vector of StepLR", () => {
  const rate = step({ startLr: 0.05, stepSize: 3 });
  [0.05, 0.005, 0.0005, 0.00005].forEach((lr, i) => {
    for (const t of [3 * i, 3 * i + 1, 3 * i + 2]) {
      assertAlmostEquals(rate(t), lr, 1e-17);
    }
  });
});

Deno.test("step() steps at exact multiples, however late", () => {
  const rate = step({ startLr: 1, factor: 0.5, stepSize: 2 ** 47 + 1 });
  for (let i = 1; i <= 63; i++) {
    const boundary = (2 ** 47 + 1) * i;
    assertEquals([boundary - 1, boundary].map(rate), [2 ** (1 - i), 2 ** -i]);
  }
});

Deno.test("step() refuses bad options by name", () => {
  assertThrows(
    () => step({ startLr: 1, factor: 2, stepSize: 1 }),
    RangeError,
    "factor must be > 0 and <= 1: current value is 2",
  );
});
