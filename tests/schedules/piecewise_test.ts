import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { piecewise, type PiecewisePoint } from "@clr/clr/schedules";

function points(...pairs: [number, number][]): PiecewisePoint[] {
  return pairs.map(([iteration, lr]) => ({ iteration, lr }));
}

// optax, schedules/_schedule_test.py, PiecewiseConstantTest.test_positive.
Deno.test("piecewise() gives optax's vector", () => {
  const rate = piecewise(points([0, 0.1], [3, 0.2], [6, 0.1]));
  assertEquals(
    Array.from({ length: 10 }, (_, t) => rate(t)),
    [0.1, 0.1, 0.1, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1],
  );
});

// PyTorch, test_lrscheduler.py, test_multi_step_lr.
Deno.test("piecewise() gives PyTorch's vector of MultiStepLR", () => {
  const rate = piecewise(points([0, 0.05], [2, 0.005], [5, 5e-4], [9, 5e-5]));
  assertEquals(
    Array.from({ length: 12 }, (_, t) => rate(t)),
    // deno-fmt-ignore
    [0.05, 0.05, 0.005, 0.005, 0.005, 5e-4, 5e-4, 5e-4, 5e-4, 5e-5, 5e-5, 5e-5],
  );
});

Deno.test("piecewise() interpolates between its points, exact at each", () => {
  const corners = points([0, 0], [10, 1], [14, 0.2], [15, 0.3]);
  for (const interpolation of ["linear", "cosine"] as const) {
    const rate = piecewise(corners, { interpolation });
    for (const { iteration, lr } of corners) assertEquals(rate(iteration), lr);
    assertAlmostEquals(rate(5), 0.5, 1e-15);
    assertAlmostEquals(rate(12), 0.6, 1e-15);
    assertEquals(rate(1000), 0.3);
  }
  const quarter = piecewise(corners, { interpolation: "cosine" })(2.5);
  assertAlmostEquals(quarter, (1 - Math.cos(Math.PI / 4)) / 2, 1e-15);
});

Deno.test("piecewise() refuses points that are no function", () => {
  const bad = [
    [
      points(),
      "first point must be at iteration 0: current value is undefined",
    ],
    [points([1, 1]), "first point must be at iteration 0: current value is 1"],
    [points([0, 1], [5, 1], [5, 2]), "points[2].iteration must be > 5"],
    [points([0, 1], [5, -1]), "points[1].lr must be a finite number >= 0"],
  ] as const;
  for (const [given, message] of bad) {
    assertThrows(() => piecewise(given), RangeError, message);
  }
});
