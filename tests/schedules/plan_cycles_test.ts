import { assert, assertEquals, assertThrows } from "@std/assert";
import { cycles, planCycles } from "@clr/clr/schedules";
import fc from "fast-check";

Deno.test("planCycles() counts the last, smaller batch of an epoch", () => {
  const plan = planCycles({ samples: 1001, batchSize: 100, epochs: 8 });
  assertEquals(plan.iterationsPerEpoch, 11);
  assertEquals(plan.stepSize, 22);
  assertEquals(plan.cycles, 2);
  assert(plan.endsOnCycle);
});

Deno.test("planCycles() names epoch counts that end on a cycle's end", () => {
  fc.assert(fc.property(
    fc.record({
      samples: fc.integer({ min: 1, max: 5000 }),
      batchSize: fc.integer({ min: 1, max: 200 }),
      epochs: fc.integer({ min: 1, max: 60 }),
      stepSizeEpochs: fc.constantFrom(0.25, 0.5, 1, 1.5, 2, 3.3, 8),
    }),
    ({ samples, batchSize, epochs, stepSizeEpochs }) => {
      const plan = planCycles({ samples, batchSize, epochs, stepSizeEpochs });
      const { positionAt } = cycles({ stepSize: plan.stepSize });
      // Found one epoch after another, where the plan has a closed form.
      const ends = (count: number) => {
        const { iterationsLeft } = positionAt(count * plan.iterationsPerEpoch);
        return iterationsLeft === 2 * plan.stepSize;
      };
      let before = epochs;
      while (!ends(before)) before--;
      let after = epochs;
      while (!ends(after)) after++;
      assertEquals(plan.endsOnCycle, ends(epochs));
      assertEquals(plan.epochsBefore, before);
      assertEquals(plan.epochsAfter, after);
    },
  ));
});

Deno.test("planCycles() keeps a step of one iteration at least", () => {
  const plan = planCycles({
    samples: 10,
    batchSize: 10,
    epochs: 3,
    stepSizeEpochs: 0.1,
  });
  assertEquals([plan.stepSize, plan.cycles], [1, 1.5]);
});

Deno.test("planCycles() takes the batches of an epoch in place of its samples", () => {
  const rest = { epochs: 7, stepSizeEpochs: 1.5 };
  assertEquals(
    planCycles({ batchesPerEpoch: 13, ...rest }),
    planCycles({ samples: 100, batchSize: 8, ...rest }),
  );
  for (
    const [given, what] of [
      [{ batchesPerEpoch: 0 }, "batchesPerEpoch must be a whole number >= 1"],
      [{ batchesPerEpoch: 13, samples: 100 }, "current value has both"],
      [{ batchesPerEpoch: 13, batchSize: 8 }, "current value has both"],
      [{}, "samples and batchSize, or batchesPerEpoch, must be given"],
      [{ samples: 100 }, "batchSize must be a whole number >= 1"],
    ] as const
  ) {
    assertThrows(() => planCycles({ ...given, ...rest }), RangeError, what);
  }
});

Deno.test("planCycles() refuses bad options by name", () => {
  const good = { samples: 100, batchSize: 10, epochs: 4, stepSizeEpochs: 2 };
  for (const name of ["samples", "batchSize", "epochs", "stepSizeEpochs"]) {
    assertThrows(
      () => planCycles({ ...good, [name]: 0 }),
      RangeError,
      `Cannot plan cycles as ${name} must be`,
    );
  }
});
