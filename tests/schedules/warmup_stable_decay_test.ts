import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { warmupStableDecay } from "@clr/clr/schedules";

const OPTIONS = {
  maxLr: 1,
  startLr: 0.1,
  endLr: 0.01,
  warmupIterations: 10,
  stableIterations: 20,
  decayIterations: 40,
};

const SHAPES = {
  linear: (f: number) => 1 - f,
  cosine: (f: number) => (1 + Math.cos(Math.PI * f)) / 2,
  sqrt: (f: number) => 1 - Math.sqrt(f),
};

Deno.test("warmupStableDecay() follows its closed form in each shape", () => {
  for (const decay of ["linear", "cosine", "sqrt"] as const) {
    const rate = warmupStableDecay({ ...OPTIONS, decay });
    for (let t = 0; t <= 100; t++) {
      const done = Math.min(1, (t - 30) / 40);
      const expected = t < 10
        ? 0.1 + 0.9 * t / 10
        : t <= 30
        ? 1
        : 0.01 + 0.99 * SHAPES[decay](done);
      assertAlmostEquals(rate(t), expected, 1e-15);
    }
    assertEquals([0, 10, 30, 70, 71].map(rate), [0.1, 1, 1, 0.01, 0.01]);
  }
});

Deno.test("warmupStableDecay() may go without a warm-up and a plateau", () => {
  const rate = warmupStableDecay({
    ...OPTIONS,
    warmupIterations: 0,
    stableIterations: 0,
  });
  assertEquals([rate(0), rate(40)], [1, 0.01]);
});

Deno.test("warmupStableDecay() refuses bad options by name", () => {
  for (
    const [name, value] of [
      ["maxLr", NaN],
      ["warmupIterations", -1],
      ["stableIterations", Infinity],
      ["decayIterations", 0],
      ["decay", "step"],
    ]
  ) {
    assertThrows(
      () => warmupStableDecay({ ...OPTIONS, [name]: value }),
      RangeError,
      `${name} must be`,
    );
  }
});
