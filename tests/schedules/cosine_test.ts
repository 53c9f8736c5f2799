import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { assertThrows } from "@std/assert";
import { cosine } from "@clr/clr/schedules";

// optax, schedules/_schedule_test.py, CosineDecayTest.
Deno.test("cosine() gives optax's vector", () => {
  const rate = cosine({ startLr: 0.1, endLr: 0.01, iterations: 5 });
  [0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1].forEach((fraction, t) => {
    const multiplier = 0.9 * (0.5 + 0.5 * Math.cos(Math.PI * fraction)) + 0.1;
    assertAlmostEquals(rate(t), 0.1 * multiplier, 1e-16);
  });
  const giant = cosine({ startLr: 1000, iterations: 1e10 });
  assertAlmostEquals(giant(1e9), 975.52826, 1e-5);
});

Deno.test("cosine() keeps its digits near the end", () => {
  // (1 + cos x) / 2 is (π − x)² / 4 there, to a relative 1e-14.
  const rate = cosine({ startLr: 1, iterations: 1e7 });
  const expected = (Math.PI / 1e7) ** 2 / 4;
  assert(Math.abs(rate(1e7 - 1) / expected - 1) < 1e-13);
  assertEquals(rate(1e7), 0);
});

Deno.test("cosine() refuses bad options by name", () => {
  assertThrows(
    () => cosine({ startLr: 1, iterations: 0 }),
    RangeError,
    "Cannot create a cosine schedule as iterations must be a finite number > 0",
  );
});
