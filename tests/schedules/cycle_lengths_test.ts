import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import {
  checkCycleFactor,
  cycleLengths,
  restartOf,
} from "../../src/schedules/cycle_lengths.ts";

/** A quotient of whole numbers, however large. */
interface Quotient {
  readonly over: bigint;
  readonly under: bigint;
}

/** Where the cycles start, in exact arithmetic: a sum of their lengths. */
function exactStarts(size: Quotient, factor: Quotient, cycles: number) {
  const starts: Quotient[] = [{ over: 0n, under: 1n }];
  let length = size;
  for (let cycle = 0; cycle < cycles; cycle++) {
    const { over, under } = starts[cycle];
    starts.push({
      over: over * length.under + length.over * under,
      under: under * length.under,
    });
    length = {
      over: length.over * factor.over,
      under: length.under * factor.under,
    };
  }
  return starts;
}

function rounded({ over, under }: Quotient): number {
  // The quotient and, of what is left, a double's worth.
  return Number(over / under) +
    Number((over % under) * 2n ** 60n / under) / 2 ** 60;
}

/** The smallest whole number that is not below. */
function ceiling({ over, under }: Quotient): number {
  return Number((over + under - 1n) / under);
}

const CASES = fc.record({
  size: fc.record({
    over: fc.bigInt({ min: 50n, max: 5000n }),
    under: fc.bigInt({ min: 1n, max: 9n }),
  }),
  factor: fc.constantFrom<[bigint, bigint]>(
    [1n, 1n],
    [2n, 1n],
    [3n, 1n],
    [3n, 2n],
    [11n, 10n],
    [5n, 4n],
    [9n, 10n],
    [3n, 4n],
  ).map(([over, under]) => ({ over, under })),
  cycles: fc.integer({ min: 1, max: 6 }),
});

Deno.test("cycleLengths() has the cycles of exact arithmetic, at their ends above all", () =>
  fc.assert(fc.property(CASES, ({ size, factor, cycles }) => {
    const starts = exactStarts(size, factor, cycles);
    const lengths = cycleLengths({
      size: Number(size.over) / Number(size.under),
      factor: Number(factor.over) / Number(factor.under),
      cycles,
    });
    assertAlmostEquals(lengths.end, rounded(starts[cycles]), 1e-8);
    for (let cycle = 0; cycle < cycles; cycle++) {
      const [start, end] = [starts[cycle], starts[cycle + 1]];
      const [first, next] = [ceiling(start), ceiling(end)];
      for (const t of [first, first + 1, (first + next) >> 1, next - 1]) {
        // A cycle may be of one iteration.
        if (t >= next) continue;
        assertEquals(lengths.count(t), cycle, `the cycle of ${t}`);
        assertEquals(lengths.left(t), next - t, `what is left at ${t}`);
        assertAlmostEquals(lengths.rest(t), t - rounded(start), 1e-8);
        const bounds = lengths.cycleOf(t);
        assertEquals(bounds.cycle, cycle);
        assertAlmostEquals(bounds.start, rounded(start), 1e-8);
        assertAlmostEquals(bounds.end, rounded(end), 1e-8);
      }
    }
  })));

Deno.test("restartOf() is whole where the cycles end with an iteration", () => {
  // 1.1 is none of a double's numbers: 100 · (1 + 1.1 + 1.21).
  assertEquals(restartOf(3, 100, 1.1), 331);
  assertEquals(restartOf(3, 100 / 3, 1), 100);
  assertEquals(restartOf(50, 1, 2), 2 ** 50 - 1);
});

Deno.test("checkCycleFactor() names the most cycles that shrink to an iteration at least", () => {
  for (const [size, factor] of [[100, 0.5], [64, 0.5], [1000, 0.9]] as const) {
    let most = 1;
    while (size * factor ** most >= 1) most++;
    const options = { size, factor };
    checkCycleFactor("try", { ...options, cycles: most });
    assertThrows(
      () => checkCycleFactor("try", { ...options, cycles: most + 1 }),
      RangeError,
      `Cannot try as cycles must be <= ${most}, where the last is of one iteration at least: current value is ${
        most + 1
      }`,
    );
    assertThrows(
      () => checkCycleFactor("try", options),
      RangeError,
      "cycles must be given where cycleFactor is less than 1",
    );
  }
});
