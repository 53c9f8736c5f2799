import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { assertThrows } from "@std/assert";
import { cosineRestarts, lengthOf } from "@clr/clr/schedules";
import fc from "fast-check";

Deno.test("cosineRestarts() gives PyTorch's vector", () => {
  const rate = cosineRestarts({
    maxLr: 1,
    minLr: 0.1,
    cycleSize: 3,
    cycleFactor: 2,
  });
  // CosineAnnealingWarmRestarts(optimizer of lr 1, T_0=3, T_mult=2, eta_min=0.1)
  // of PyTorch 1.13.
  // deno-fmt-ignore
  const expected = [1.0, 0.775, 0.3250000000000001, 1.0, 0.9397114317029974,
    0.775, 0.55, 0.3250000000000001, 0.16028856829700258, 1.0,
    0.9846666218300807, 0.9397114317029974];
  expected.forEach((lr, t) => assertAlmostEquals(rate(t), lr, 1e-15));
});

/** Keras's CosineDecayRestarts, cycle by cycle instead of in closed form. */
function walked(
  t: number,
  { size, factor, amplitude }: Record<"size" | "factor" | "amplitude", number>,
): number {
  let [length, height] = [size, 1];
  while (t >= length) {
    t -= length;
    length *= factor;
    height *= amplitude;
  }
  return height * (1 + Math.cos(Math.PI * t / length)) / 2;
}

Deno.test("cosineRestarts() agrees with walking through the cycles", () => {
  fc.assert(fc.property(
    fc.record({
      size: fc.integer({ min: 1, max: 50 }),
      factor: fc.integer({ min: 1, max: 4 }),
      amplitude: fc.constantFrom(1, 0.9, 0.5),
      t: fc.nat(100_000),
    }),
    ({ size, factor, amplitude, t }) => {
      const rate = cosineRestarts({
        maxLr: 1,
        cycleSize: size,
        cycleFactor: factor,
        amplitudeFactor: amplitude,
      });
      const expected = walked(t, { size, factor, amplitude });
      assertAlmostEquals(rate(t), expected, 1e-14);
    },
  ));
});

Deno.test("cosineRestarts() restarts exactly, however late", () => {
  for (const factor of [2, 3, 10]) {
    const rate = cosineRestarts({
      maxLr: 1,
      cycleSize: 7,
      cycleFactor: factor,
    });
    for (
      let start = 0, length = 7;
      start + length < 2 ** 53;
      length *= factor
    ) {
      assertEquals(rate(start), 1);
      if (start > 0) assert(rate(start - 1) < 0.06, `before ${start}`);
      start += length;
    }
  }
});

Deno.test("cosineRestarts() ends after the last cycle and holds minLr", () => {
  const rate = cosineRestarts({
    maxLr: 1,
    minLr: 0.25,
    cycleSize: 4,
    cycleFactor: 2,
    cycles: 3,
  });
  assertEquals(lengthOf(rate), 28);
  assert(rate(27) > 0.25);
  assertEquals([28, 29, 1e9].map(rate), [0.25, 0.25, 0.25]);
});

Deno.test("cosineRestarts() refuses bad options by name", () => {
  const good = { maxLr: 1, cycleSize: 10 };
  const bad = [
    [{ minLr: 2 }, "maxLr must be >= minLr (2): current value is 1"],
    [{ cycleSize: 0 }, "cycleSize must be a finite number > 0"],
    [{ cycleFactor: 0 }, "cycleFactor must be a finite number > 0"],
    [
      { cycleFactor: 0.5 },
      "cycles must be given where cycleFactor is less than 1",
    ],
    [{ cycleFactor: 0.5, cycles: 5 }, "cycles must be <= 4"],
    [{ warmupIterations: -1 }, "warmupIterations must be a finite number >= 0"],
    [{ warmupIterations: 10 }, "warmupIterations must be < 10"],
    [
      { cycleFactor: 0.5, cycles: 3, warmupIterations: 2.5 },
      "warmupIterations must be < 2.5, the iterations of the shortest cycle",
    ],
    [{ amplitudeFactor: 2 }, "amplitudeFactor must be > 0 and <= 1"],
    [{ cycles: 0 }, "cycles must be a whole number >= 1"],
  ] as const;
  for (const [given, message] of bad) {
    assertThrows(
      () => cosineRestarts({ ...good, ...given }),
      RangeError,
      message,
    );
  }
});
