import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { assertThrows } from "@std/assert";
import { CyclicLR } from "@clr/clr";
import * as tf from "@tensorflow/tfjs";
import { createLine } from "../_line.ts";

/** The batches after which a cycle ends, of a loop that trains nothing. */
function ends(clr: CyclicLR, batches: number): number[] {
  const found: number[] = [];
  clr.attach(tf.train.adam());
  let { cycle } = clr;
  for (let t = 0; t < batches; t++) {
    const left = clr.iterationsLeftInCycle;
    clr.step();
    if (clr.cycle === cycle) continue;
    assertEquals(left, 1, `left before the end of cycle ${cycle}`);
    cycle = clr.cycle;
    found.push(t + 1);
  }
  return found;
}

Deno.test("CyclicLR ends cycles that grow where their lengths add up to", () => {
  const clr = new CyclicLR({ stepSize: 4, cycleFactor: 2 });
  assertEquals(ends(clr, 200), [8, 24, 56, 120]);
});

Deno.test("CyclicLR ends for good after cycles that shrink", () => {
  const clr = new CyclicLR({ stepSize: 16, cycleFactor: 0.5, cycles: 3 });
  assertEquals(ends(clr, 500), [32, 48, 56]);
  assertEquals(clr.cycle, 4);
  assertEquals(clr.iterationsLeftInCycle, Infinity);
  assertEquals(clr.learningRate, clr.options.baseLr);
});

Deno.test("CyclicLR stops fit() after cycles that grow, and tells of each", async () => {
  const { model, xs, ys } = createLine();
  const told: number[] = [];
  const clr = new CyclicLR({
    stepSize: 2,
    cycleFactor: 1.5,
    stopAfterCycles: 3,
    onCycleEnd: ({ totalIterations }) => void told.push(totalIterations),
  });
  await model.fit(xs, ys, {
    batchSize: 1,
    epochs: 1000,
    verbose: 0,
    callbacks: [clr],
  });
  // Cycles of 4, 6 and 9 batches.
  assertEquals(told, [4, 10, 19]);
  assertEquals(clr.totalIterations, 19);
});

Deno.test("CyclicLR goes on from JSON in a cycle that has grown", () => {
  for (
    const options of [{ cycleFactor: 1.7 }, { cycleFactor: 0.8, cycles: 9 }]
  ) {
    const clr = new CyclicLR({ stepSize: 11, mode: "triangular2", ...options });
    const whole = Array.from({ length: 300 }, (_, t) => clr.at(t));
    clr.attach(tf.train.adam());
    for (let t = 0; t < 57; t++) clr.step();
    const again = CyclicLR.fromJSON(JSON.stringify(clr)).attach(
      tf.train.adam(),
    );
    assertEquals(again.options, clr.options);
    for (let t = 57; t < 300; t++) {
      assertEquals(again.learningRate, whole[t]);
      again.step();
    }
  }
});

Deno.test("CyclicLR.fromRange() takes any number of epochs at once", () => {
  const range = { baseLr: 0.1, maxLr: 1, batchesPerEpoch: 10 };
  for (const epochs of [1e9, 1e15, 1e300]) {
    for (const cycleFactor of [1, 1.5, 0.999]) {
      const clr = CyclicLR.fromRange(range, { epochs, cycleFactor });
      assert(clr.toJSON().options.stepSize >= 40);
    }
  }
  for (let epochs = 1; epochs < 200; epochs++) {
    // The most cycles with steps of four epochs or more, one at least.
    const cycles = Math.max(1, Math.floor(epochs / 8));
    const { options } = CyclicLR.fromRange(range, { epochs }).toJSON();
    assertAlmostEquals(options.stepSize, (10 * epochs) / (2 * cycles), 1e-9);
  }
});

Deno.test("CyclicLR.fromRange() divides the epochs among cycles that grow or shrink", () => {
  const range = { baseLr: 0.001, maxLr: 0.006, batchesPerEpoch: 100 };
  for (const cycleFactor of [1, 2, 3, 1.5, 0.5, 0.9]) {
    for (const cycles of [1, 2, 3, 5]) {
      const clr = CyclicLR.fromRange(range, {
        epochs: 31,
        cycles,
        cycleFactor,
      });
      const found = ends(clr, 3100);
      assertEquals([found.length, found.at(-1)], [cycles, 3100]);
      if (cycles < 2) continue;
      const [first, second] = [found[0], found[1] - found[0]];
      assertAlmostEquals(second, first * cycleFactor, 2);
    }
  }
});

Deno.test("CyclicLR.fromRange() leaves the shortest cycle the usual steps", () => {
  const range = { baseLr: 0.001, maxLr: 0.006, batchesPerEpoch: 100 };
  const grown = CyclicLR.fromRange(range, { epochs: 100, cycleFactor: 2 });
  assert(grown.options.stepSize >= 400);
  assertEquals(ends(grown, 10_000).at(-1), 10_000);
  const shrunk = CyclicLR.fromRange(range, { epochs: 100, cycleFactor: 0.5 });
  const { stepSize, cycles } = shrunk.options;
  assert(stepSize * 0.5 ** (cycles! - 1) >= 400);
  assertEquals(ends(shrunk, 10_000).at(-1), 10_000);
});

Deno.test("CyclicLR refuses cycles that shrink without end", () => {
  assertThrows(
    () => new CyclicLR({ cycleFactor: 0.5 }),
    RangeError,
    "Cannot create a cyclic schedule as cycles must be given where cycleFactor is less than 1",
  );
  assertThrows(
    () => new CyclicLR({ stepSize: 4, cycleFactor: 0.5, cycles: 5 }),
    RangeError,
    "cycles must be <= 4, where the last is of one iteration at least: current value is 5",
  );
  const range = { baseLr: 0.001, maxLr: 0.006, batchesPerEpoch: 100 };
  assertThrows(
    () => CyclicLR.fromRange(range, { epochs: 10, cycleFactor: -1 }),
    RangeError,
    "cycleFactor must be a finite number > 0: current value is -1",
  );
});

Deno.test("CyclicLR says of its cycles that they grow", () => {
  assertEquals(
    `${new CyclicLR({ stepSize: 5, cycleFactor: 2 })}`,
    "CyclicLR (triangular, 0.001 to 0.006, steps of 5 batches, each cycle 2 times as long) in cycle 1, at iteration 0, learning rate 0.001",
  );
});
