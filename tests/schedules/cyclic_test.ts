import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { cycles, cyclic, type CyclicOptions } from "@clr/clr/schedules";
import fc from "fast-check";

function values(options: CyclicOptions, count: number): number[] {
  return Array.from({ length: count }, (_, i) => i).map(cyclic(options));
}

/** Welch's and Hann's windows and the triangle, on x in [−1, 1]. */
const WINDOWS = {
  triangular: (x: number) => 1 - Math.abs(x),
  welch: (x: number) => 1 - x * x,
  hann: (x: number) => (1 + Math.cos(Math.PI * x)) / 2,
};

/** A direct transcription of the formula of Keras's CyclicLR callback. */
function kerasRate(
  t: number,
  { base, max, step }: { base: number; max: number; step: number },
  scale: (cycle: number, t: number) => number,
): number {
  const cycle = Math.floor(1 + t / (2 * step));
  const x = Math.abs(t / step - 2 * cycle + 1);
  return base + (max - base) * Math.max(0, 1 - x) * scale(cycle, t);
}

const steps = fc.integer({ min: 1, max: 100_000 });
const cycleNumbers = fc.integer({ min: 1, max: 30 });
const rates = fc.tuple(
  fc.double({ min: 0, max: 10, noNaN: true }),
  fc.double({ min: 0, max: 10, noNaN: true }),
).map(([a, b]) => ({ baseLr: Math.min(a, b), maxLr: Math.max(a, b) }));
const waveforms = fc.constantFrom(
  "triangular" as const,
  "welch" as const,
  "hann" as const,
);

Deno.test("cyclic() has the paper's defaults", () => {
  const rate = cyclic();
  assertEquals(
    [0, 2000, 4000, 6000, 8000].map(rate),
    [0.001, 0.006, 0.001, 0.006, 0.001],
  );
  assertAlmostEquals(rate(1000), 0.0035, 1e-17);
  assertEquals(cycles({ mode: "exp_range" }).options.gamma, 0.99994);
});

// Vectors of PyTorch's test/optim/test_lrscheduler.py (test_cycle_lr_*).
Deno.test("cyclic() gives PyTorch's triangular vector", () => {
  assertEquals(
    values({ baseLr: 1, maxLr: 5, stepSize: 4 }, 11),
    [1, 2, 3, 4, 5, 4, 3, 2, 1, 2, 3],
  );
});

Deno.test("cyclic() gives PyTorch's triangular2 vector", () => {
  assertEquals(
    values({ baseLr: 1, maxLr: 5, stepSize: 4, mode: "triangular2" }, 22),
    // deno-fmt-ignore
    [1, 2, 3, 4, 5, 4, 3, 2, 1, 1.5, 2, 2.5, 3, 2.5, 2, 1.5,
     1, 1.25, 1.5, 1.75, 2, 1.75],
  );
});

Deno.test("cyclic() gives PyTorch's exp_range vector", () => {
  const gamma = 0.9;
  const heights = [0, 0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25, 0, 0.25, 0.5];
  const actual = values(
    { baseLr: 1, maxLr: 5, stepSize: 4, mode: "exp_range", gamma },
    11,
  );
  heights.forEach((height, t) =>
    assertAlmostEquals(actual[t], 1 + height * 4 * gamma ** t, 1e-14)
  );
});

Deno.test("cyclic() descends in stepSizeDown iterations", () => {
  assertEquals(
    values({ baseLr: 0, maxLr: 1, stepSize: 2, stepSizeDown: 4 }, 9),
    [0, 0.5, 1, 0.75, 0.5, 0.25, 0, 0.5, 1],
  );
  assertEquals(
    values({ baseLr: 0, maxLr: 1, stepSize: 4, stepSizeDown: 1 }, 7),
    [0, 0.25, 0.5, 0.75, 1, 0, 0.25],
  );
});

Deno.test("cyclic() agrees with the formula of Keras's callback", () => {
  const scales = {
    triangular: () => 1,
    triangular2: (cycle: number) => 1 / 2 ** (cycle - 1),
    exp_range: (_: number, t: number) => 0.9994 ** t,
  };
  for (const mode of ["triangular", "triangular2", "exp_range"] as const) {
    const rate = cyclic({
      baseLr: 0.001,
      maxLr: 0.006,
      stepSize: 37,
      mode,
      gamma: 0.9994,
    });
    for (let t = 0; t < 1000; t++) {
      assertAlmostEquals(
        rate(t),
        kerasRate(t, { base: 0.001, max: 0.006, step: 37 }, scales[mode]),
        1e-15,
      );
    }
  }
});

Deno.test("cyclic() calls scaleFn with the cycle or the iteration, ignoring mode", () => {
  const seen: number[] = [];
  const options: CyclicOptions = {
    baseLr: 0,
    maxLr: 8,
    stepSize: 2,
    mode: "triangular2",
    scaleFn: (x) => {
      seen.push(x);
      return 1 / (1 + x);
    },
  };
  assertEquals(values(options, 6), [0, 2, 4, 2, 0, 8 / 2 / 3]);
  assertEquals(seen, [1, 1, 1, 1, 2, 2]);
  seen.length = 0;
  assertEquals(
    values({ ...options, scaleMode: "iterations" }, 4),
    [0, 2, 8 / 3, 1],
  );
  assertEquals(seen, [0, 1, 2, 3]);
});

Deno.test("cyclic() follows the window of each waveform", () => {
  for (const waveform of ["triangular", "welch", "hann"] as const) {
    const [up, down] = [30, 70];
    const rate = cyclic({
      baseLr: 0,
      maxLr: 1,
      stepSize: up,
      stepSizeDown: down,
      waveform,
    });
    for (let t = 0; t <= 100; t++) {
      const x = t <= up ? t / up - 1 : (t - up) / down;
      assertAlmostEquals(rate(t), WINDOWS[waveform](x), 1e-15);
    }
  }
});

Deno.test("cyclic() is exact at peaks and troughs of every step size", () => {
  fc.assert(fc.property(
    fc.record({
      stepSize: steps,
      stepSizeDown: steps,
      rates,
      waveform: waveforms,
      cycle: cycleNumbers,
    }),
    ({ stepSize, stepSizeDown, rates: { baseLr, maxLr }, waveform, cycle }) => {
      const rate = cyclic({ baseLr, maxLr, stepSize, stepSizeDown, waveform });
      const start = (cycle - 1) * (stepSize + stepSizeDown);
      assertEquals(rate(start), baseLr);
      assertEquals(rate(start + stepSize), maxLr);
    },
  ));
});

Deno.test("cyclic() is exact at peaks and troughs up to iteration 2^53", () => {
  const last = 2 ** 53 - 1;
  fc.assert(fc.property(steps, steps, rates, (up, down, { baseLr, maxLr }) => {
    const rate = cyclic({ baseLr, maxLr, stepSize: up, stepSizeDown: down });
    const start = last - last % (up + down);
    assertEquals(rate(start), baseLr);
    assertEquals(rate(start - down), maxLr);
  }));
});

Deno.test("cyclic() is exact where a fractional step size meets an iteration", () => {
  const rate = cyclic({ stepSize: 2.5, stepSizeDown: 1.25 });
  // 15 iterations are 4 cycles; the peaks at 10 and 25 fall on iterations.
  for (const start of [0, 15, 30, 15 * 2 ** 40]) {
    assertEquals(rate(start), 0.001);
    assertEquals(rate(start + 10), 0.006);
  }
});

Deno.test("cyclic() halves its peaks exactly in mode triangular2", () => {
  const rate = cyclic({
    baseLr: 0,
    maxLr: 1,
    stepSize: 3,
    stepSizeDown: 4,
    mode: "triangular2",
  });
  let peak = 1;
  for (let cycle = 1; cycle <= 1000; cycle++, peak /= 2) {
    assertEquals(rate((cycle - 1) * 7 + 3), peak);
  }
});

Deno.test("cyclic() stays within its bounds", () => {
  fc.assert(fc.property(
    fc.record({
      bounds: rates,
      stepSize: fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
      stepSizeDown: fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
      mode: fc.constantFrom("triangular", "triangular2", "exp_range"),
      waveform: waveforms,
      t: fc.maxSafeNat(),
    }),
    ({ bounds, stepSize, stepSizeDown, mode, waveform, t }) => {
      const options = { ...bounds, stepSize, stepSizeDown, mode, waveform };
      const rate = cyclic(options)(t);
      assert(bounds.baseLr <= rate && rate <= bounds.maxLr, `${rate}`);
    },
  ));
});

Deno.test("cyclic() repeats itself each cycle in mode triangular", () => {
  fc.assert(fc.property(
    fc.record({
      stepSize: steps,
      stepSizeDown: steps,
      waveform: waveforms,
      t: fc.nat(1e6),
      n: cycleNumbers,
    }),
    ({ stepSize, stepSizeDown, waveform, t, n }) => {
      const rate = cyclic({ stepSize, stepSizeDown, waveform });
      assertEquals(rate(t + n * (stepSize + stepSizeDown)), rate(t));
    },
  ));
});

Deno.test("cyclic() rises to the peak and falls after it", () => {
  fc.assert(fc.property(
    fc.record({
      stepSize: fc.integer({ min: 1, max: 300 }),
      stepSizeDown: fc.integer({ min: 1, max: 300 }),
      bounds: rates,
      waveform: waveforms,
    }),
    ({ stepSize, stepSizeDown, bounds, waveform }) => {
      const rate = cyclic({ ...bounds, stepSize, stepSizeDown, waveform });
      for (let t = 0; t < stepSize + stepSizeDown; t++) {
        const [now, next] = [rate(t), rate(t + 1)];
        assert(t < stepSize ? now <= next : now >= next, `at ${t}`);
      }
    },
  ));
});

Deno.test("cycles() counts cycles and the iterations left in them", () => {
  const { positionAt } = cycles({ stepSize: 2, stepSizeDown: 3 });
  assertEquals(
    [0, 1, 4, 5, 9, 10].map(positionAt).map((p) => [p.cycle, p.iterationsLeft]),
    [[1, 5], [1, 4], [1, 1], [2, 5], [2, 1], [3, 5]],
  );
  const halves = cycles({ stepSize: 1.25 }).positionAt;
  assertEquals(
    [0, 1, 2, 3, 4, 5].map(halves).map((p) => [p.cycle, p.iterationsLeft]),
    [[1, 3], [1, 2], [1, 1], [2, 2], [2, 1], [3, 3]],
  );
});

Deno.test("cycles() counts the last cycles before 2^53 as integers do", () => {
  fc.assert(fc.property(steps, fc.nat(1e6), (stepSize, back) => {
    const t = Number.MAX_SAFE_INTEGER - back;
    const { cycle, iterationsLeft } = cycles({ stepSize }).positionAt(t);
    const length = 2n * BigInt(stepSize);
    assertEquals(cycle, Number(1n + BigInt(t) / length));
    assertEquals(iterationsLeft, Number(length - BigInt(t) % length));
  }));
});

Deno.test("cycles() splits the rate into height and scale", () => {
  fc.assert(fc.property(
    fc.record({
      stepSize: steps,
      stepSizeDown: steps,
      mode: fc.constantFrom("triangular", "triangular2", "exp_range"),
      waveform: waveforms,
      t: fc.nat(1e6),
    }),
    ({ stepSize, stepSizeDown, mode, waveform, t }) => {
      const { at, positionAt } = cycles({
        baseLr: 1,
        maxLr: 3,
        stepSize,
        stepSizeDown,
        mode,
        waveform,
      });
      const { height, scale } = positionAt(t);
      assertAlmostEquals(at(t), 1 + 2 * height * scale, 1e-15);
    },
  ));
});

Deno.test("cyclic() refuses bad options by name", () => {
  const bad: [unknown, string][] = [
    [{ baseLr: NaN }, "baseLr must be a finite number >= 0: current value is"],
    [{ baseLr: -0.1 }, "baseLr must be a finite number >= 0"],
    [
      { baseLr: "0.1" },
      'baseLr must be a finite number >= 0: current value is "',
    ],
    [{ maxLr: Infinity }, "maxLr must be a finite number >= 0"],
    [{ maxLr: -1 }, "maxLr must be a finite number >= 0"],
    [
      { baseLr: 0.01 },
      "maxLr must be >= baseLr (0.01): current value is 0.006",
    ],
    [
      { stepSize: 0 },
      "stepSize must be a finite number > 0: current value is 0",
    ],
    [
      { stepSize: -3 },
      "stepSize must be a finite number > 0: current value is -3",
    ],
    [{ stepSize: Infinity }, "stepSize must be a finite number > 0"],
    [{ stepSize: NaN }, "stepSize must be a finite number > 0"],
    [{ stepSizeDown: 0 }, "stepSizeDown must be a finite number > 0"],
    [{ mode: "sine" }, 'mode must be one of "triangular", "triangular2"'],
    [{ gamma: 0 }, "gamma must be > 0 and <= 1: current value is 0"],
    [{ gamma: 1.1 }, "gamma must be > 0 and <= 1: current value is 1.1"],
    [{ gamma: NaN }, "gamma must be > 0 and <= 1"],
    [{ scaleMode: "epoch" }, 'scaleMode must be one of "cycle", "iterations"'],
    [{ waveform: "saw" }, 'waveform must be one of "triangular", "welch"'],
  ];
  for (const [options, message] of bad) {
    assertThrows(
      () => cyclic(options as CyclicOptions),
      RangeError,
      `Cannot create a cyclic schedule as ${message}`,
    );
  }
  assertThrows(
    () => cyclic({ scaleFn: 2 as unknown as () => number }),
    TypeError,
    "scaleFn must be a function",
  );
});

Deno.test("cyclic() accepts equal bounds, a bound of 0 and gamma 1", () => {
  assertEquals(cyclic({ baseLr: 0.1, maxLr: 0.1 })(777), 0.1);
  assertEquals(cyclic({ baseLr: 0, maxLr: 0 })(2000), 0);
  assertEquals(cyclic({ mode: "exp_range", gamma: 1 })(2000), 0.006);
});

Deno.test("cyclic() refuses an iteration that is not finite and >= 0", () => {
  for (const t of [-1, NaN, Infinity]) {
    assertThrows(() => cyclic()(t), RangeError, "iteration must be");
    assertThrows(() => cycles().positionAt(t), RangeError, "iteration must be");
  }
});

Deno.test("cyclic() names a scaleFn that returns no usable scale", () => {
  for (const scale of [NaN, Infinity]) {
    assertThrows(
      () => cyclic({ scaleFn: () => scale })(4000),
      RangeError,
      `scaleFn(2) must return a finite number: current value is ${scale}`,
    );
  }
  assertThrows(
    () => cyclic({ scaleFn: () => -1 })(2000),
    RangeError,
    "scaleFn must keep the rate finite and >= 0: current value is -0.004",
  );
});
