import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  describeCycles,
  formatDuration,
  makePlan,
} from "../../../examples/training/plan.ts";

Deno.test("makePlan() counts the paper's run: 500 batches an epoch, cycles of 4000", () => {
  const plan = makePlan({
    images: 50_000,
    batchSize: 100,
    epochs: 48,
    cycleLength: 4000,
  });
  assertEquals(plan.iterations, 24_000);
  assertEquals(plan.cycles, 6);
  assertEquals(plan.endsWithCycle, true);
  assertEquals(
    describeCycles(plan),
    "6; training ends at the end of a cycle",
  );
});

Deno.test("makePlan() suggests only epochs that end with a cycle", () => {
  fc.assert(fc.property(
    fc.record({
      images: fc.integer({ min: 1, max: 1000 }),
      batchSize: fc.integer({ min: 1, max: 100 }),
      epochs: fc.integer({ min: 1, max: 30 }),
      cycleLength: fc.integer({ min: 1, max: 100 }),
    }),
    ({ images, batchSize, epochs, cycleLength }) => {
      const plan = makePlan({ images, batchSize, epochs, cycleLength });
      for (const suggested of plan.epochsEndingWithCycle) {
        const again = makePlan({
          images,
          batchSize,
          epochs: suggested,
          cycleLength,
        });
        assertEquals(again.iterations % cycleLength, 0);
        assertEquals(again.endsWithCycle, true);
      }
    },
  ));
});

Deno.test("makePlan() knows of no cycles where the rate has none", () => {
  const plan = makePlan({ images: 1000, batchSize: 100, epochs: 3 });
  assertEquals(plan.iterations, 30);
  assertEquals([plan.cycles, describeCycles(plan)], [undefined, undefined]);
});

Deno.test("describeCycles() says how far the end of the cycle is", () => {
  const plan = makePlan({
    images: 1000,
    batchSize: 100,
    epochs: 3,
    cycleLength: 20,
  });
  assertEquals(
    describeCycles(plan),
    "1.5; training ends 10 iterations before the end of a cycle; --epochs 2 or 4 would end with one",
  );
});

Deno.test("formatDuration() reads as people say it", () => {
  assertEquals(
    [0.4, 59.4, 60, 125, 3600, 11_430].map(formatDuration),
    ["0 s", "59 s", "1 min", "2 min 5 s", "1 h 0 min", "3 h 10 min"],
  );
});
