import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  cosine,
  lengthOf,
  momentumOf,
  oneCycle,
  type Schedule,
  warmup,
} from "@clr/clr/schedules";

Deno.test("warmup() is optax's warmup_cosine_decay_schedule over a cosine", () => {
  // optax, _schedule_test.py, WarmupCosineDecayTest.test_limits: decay_steps
  // there counts the warm-up in.
  const decay = cosine({ startLr: 0.5, endLr: 1e-4, iterations: 900 });
  const rate = warmup(decay, { iterations: 100, startLr: 10 });
  assertEquals([0, 100, 1000, 2000].map(rate), [10, 0.5, 1e-4, 1e-4]);
  assertAlmostEquals(rate(50), 5.25, 1e-14);
  assertAlmostEquals(rate(550), 0.25005, 1e-15);
  assertEquals(lengthOf(rate), 1000);
});

Deno.test("warmup() goes on with the schedule's own iteration 0", () => {
  const rate = warmup((t) => 8 + t, { iterations: 4 });
  assertEquals([0, 1, 2, 3, 4, 5, 6].map(rate), [0, 2, 4, 6, 8, 9, 10]);
});

Deno.test("warmup() keeps the schedule's first momentum meanwhile", () => {
  const momentum = { base: 0.85, max: 0.95 };
  const cycle = oneCycle({ maxLr: 1, iterations: 10, momentum });
  const rate = warmup(cycle, { iterations: 5 });
  assertEquals([0, 5, 7].map(momentumOf(rate)!), [0.95, 0.95, 0.85]);
});

Deno.test("warmup() refuses bad options by name", () => {
  assertThrows(
    () => warmup((t) => t, { iterations: 0 }),
    RangeError,
    "Cannot create a warm-up as iterations must be a finite number > 0",
  );
  assertThrows(
    () => warmup(undefined as unknown as Schedule, { iterations: 1 }),
    TypeError,
    "schedule must be a function",
  );
});
