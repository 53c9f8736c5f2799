import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { assertThrows } from "@std/assert";
import { momentumOf, oneCycle, type OneCycleOptions } from "@clr/clr/schedules";
import fc from "fast-check";

// PyTorch, test_lrscheduler.py, test_onecycle_lr_linear_annealing; its momentum
// of 1 to 22 divided by 100.
Deno.test("oneCycle() gives PyTorch's linear vector", () => {
  const rate = oneCycle({
    maxLr: 25,
    iterations: 10,
    finalDivFactor: 2,
    anneal: "linear",
    momentum: { base: 0.01, max: 0.22 },
  });
  [1, 13, 25, 21.5, 18, 14.5, 11, 7.5, 4, 0.5].forEach((lr, t) =>
    assertAlmostEquals(rate(t), lr, 1e-14)
  );
  [22, 11.5, 1, 4, 7, 10, 13, 16, 19, 22].forEach((momentum, t) =>
    assertAlmostEquals(momentumOf(rate)!(t)!, momentum / 100, 1e-16)
  );
});

// The same file, test_onecycle_lr_linear_annealing_three_phases.
Deno.test("oneCycle() gives PyTorch's three-phase vector", () => {
  const rate = oneCycle({
    maxLr: 25,
    divFactor: 25,
    iterations: 10,
    anneal: "linear",
    pctStart: 0.4,
    finalDivFactor: 4,
    threePhase: true,
    momentum: { base: 0.01, max: 0.22 },
  });
  [1, 9, 17, 25, 17, 9, 1, 0.75, 0.5, 0.25].forEach((lr, t) =>
    assertAlmostEquals(rate(t), lr, 1e-14)
  );
  [22, 15, 8, 1, 8, 15, 22, 22, 22, 22].forEach((momentum, t) =>
    assertAlmostEquals(momentumOf(rate)!(t)!, momentum / 100, 1e-16)
  );
});

Deno.test("oneCycle() gives PyTorch's cosine vector", () => {
  const rate = oneCycle({ maxLr: 1, iterations: 10 });
  // As OneCycleLR(max_lr=1, total_steps=10) of PyTorch 1.13 gives them.
  // deno-fmt-ignore
  const expected = [0.04, 0.52, 1, 0.950485, 0.811746, 0.611262, 0.388742,
    0.188258, 0.049519, 4e-6];
  expected.forEach((lr, t) => assertAlmostEquals(rate(t), lr, 5e-7));
});

const options = fc.record({
  maxLr: fc.double({ min: 1e-6, max: 10, noNaN: true }),
  iterations: fc.integer({ min: 20, max: 20_000 }),
  pctStart: fc.integer({ min: 5, max: 50 }).map((percent) => percent / 100),
  divFactor: fc.double({ min: 1, max: 100, noNaN: true }),
  finalDivFactor: fc.double({ min: 1, max: 1e5, noNaN: true }),
  anneal: fc.constantFrom("cosine" as const, "linear" as const),
  threePhase: fc.boolean(),
});

Deno.test("oneCycle() starts, peaks and ends exactly, and holds its end", () => {
  fc.assert(fc.property(options, fc.nat(1e6), (given, past) => {
    const rate = oneCycle(given);
    const first = given.maxLr / given.divFactor;
    const last = first / given.finalDivFactor;
    const peak = given.pctStart * given.iterations - 1;
    const rises = peak > 1e-9;
    // Without a rise, iteration 0 is the peak; with three phases there is then
    // no fall from it either.
    if (rises || given.threePhase) assertEquals(rate(0), first);
    assertEquals(rate(given.iterations - 1), last);
    assertEquals(rate(given.iterations + past), last);
    const reached = rises || !given.threePhase;
    if (reached && Math.abs(peak - Math.round(peak)) < 1e-9) {
      assertEquals(rate(Math.round(peak)), given.maxLr);
    }
  }));
});

Deno.test("oneCycle() rises to the peak and only falls after it", () => {
  fc.assert(fc.property(options, (given) => {
    const iterations = given.iterations % 300 + 20;
    const rate = oneCycle({ ...given, iterations });
    const peak = given.pctStart * iterations - 1;
    for (let t = 0; t < iterations; t++) {
      if (t + 1 <= peak) assert(rate(t) <= rate(t + 1), `rising at ${t}`);
      if (t >= peak) assert(rate(t) >= rate(t + 1), `falling at ${t}`);
    }
  }));
});

Deno.test("oneCycle() without a rise starts at the peak", () => {
  for (const pctStart of [0, 0.1]) {
    const rate = oneCycle({ maxLr: 1, iterations: 10, pctStart });
    assertEquals(rate(0), 1);
    assert(rate(1) < 1);
  }
});

Deno.test("oneCycle() refuses bad options by name", () => {
  const bad: [Partial<Record<keyof OneCycleOptions, unknown>>, string][] = [
    [{ maxLr: -1 }, "maxLr must be a finite number >= 0"],
    [
      { iterations: 1 },
      "iterations must be a whole number >= 2: current value is 1",
    ],
    [{ iterations: 1.5 }, "iterations must be a whole number >= 2"],
    [{ pctStart: 1.1 }, "pctStart must be >= 0 and <= 1: current value is 1.1"],
    [{ pctStart: 0.6, threePhase: true }, "pctStart must be >= 0 and <= 0.5"],
    [{ divFactor: 0.5 }, "divFactor must be a finite number >= 1"],
    [{ finalDivFactor: 0 }, "finalDivFactor must be a finite number >= 1"],
    [{ anneal: "cats" }, 'anneal must be one of "cosine", "linear"'],
    [{ momentum: { base: 0.9, max: 1 } }, "momentum.max must be >= 0 and < 1"],
    [{ momentum: { base: 0.9, max: 0.8 } }, "momentum.max must be >= momentum"],
  ];
  for (const [given, message] of bad) {
    assertThrows(
      () => oneCycle({ maxLr: 1, iterations: 10, ...given as object }),
      RangeError,
      `Cannot create a one-cycle schedule as ${message}`,
    );
  }
});
