import { assertEquals } from "@std/assert";
import { settledSeconds } from "../../../examples/training/measure_time.ts";

/** A step of as many seconds as `secondsAt` the step says, and its clock. */
function stepsOf(secondsAt: (step: number) => number) {
  let now = 0;
  let steps = 0;
  return {
    step: () => void (now += 1000 * secondsAt(steps++)),
    now: () => now,
    steps: () => steps,
  };
}

Deno.test("settledSeconds() leaves the first steps out, which wait for what is compiled", async () => {
  // Half a second, then ever faster until it is settled after a second.
  const fast = stepsOf((i) => Math.max(0.05, 0.5 / (i + 1)));
  assertEquals(
    Math.round(1000 * await settledSeconds(fast.step, fast.now)),
    50,
  );
  const slow = stepsOf((i) => i < 3 ? 9 : 4);
  assertEquals(await settledSeconds(slow.step, slow.now), 4);
  assertEquals(slow.steps(), 6);
});

Deno.test("settledSeconds() is not led astray by one step that is held up", async () => {
  const held = stepsOf((i) => i === 4 ? 60 : 1);
  assertEquals(await settledSeconds(held.step, held.now), 1);
});
