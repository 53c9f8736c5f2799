import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as schedules from "@clr/clr/schedules";
import fc from "fast-check";
import { PYTHON, runPython } from "../_python.ts";
import {
  anySchedule,
  factors,
  Rational,
  shrinkingFactors,
  sizes,
} from "./_random.ts";

const SEED = Number(Deno.env.get("SEED") ?? 15);
const RUNS = Number(Deno.env.get("RUNS") ?? 300);
const OPTIONS = { seed: SEED, numRuns: RUNS };

/** The iterations around each multiple of `length`, where rounding shows. */
function around(multiples: number[]): number[] {
  return multiples.flatMap((at) => [at - 1, at, at + 1]).filter((t) => t >= 0);
}

Deno.test("cyclic() is where exact arithmetic has it, for any step sizes", () => {
  fc.assert(
    fc.property(
      fc.record({ up: sizes, down: sizes, k: fc.nat(40), late: fc.nat(1e9) }),
      ({ up, down, k, late }) => {
        const length = up.plus(down);
        const { at, positionAt } = schedules.cycles({
          baseLr: 1,
          maxLr: 3,
          stepSize: up.value(),
          stepSizeDown: down.value(),
          mode: "triangular2",
        });
        const nth = length.times(Rational.of(k)).ceil();
        const peak = length.times(Rational.of(k)).plus(up).ceil();
        for (const t of [...around([nth, peak]), late]) {
          const cycle = Rational.of(t).count(length);
          const start = length.times(Rational.of(cycle));
          const place = Rational.of(t).minus(start);
          const exact = positionAt(t);
          assertEquals(exact.cycle, cycle + 1, `cycle of ${t}`);
          assertEquals(
            exact.iterationsLeft,
            start.plus(length).minus(Rational.of(t)).ceil(),
            `left at ${t}`,
          );
          const height = place.lessThan(up)
            ? place.value() / up.value()
            : length.minus(place).value() / down.value();
          assertAlmostEquals(exact.height, height, 1e-11);
          assertAlmostEquals(at(t), 1 + 2 * height / 2 ** cycle, 1e-11);
        }
      },
    ),
    OPTIONS,
  );
});

Deno.test("CyclicLR ends each of M cycles in T batches", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1, max: 60 }),
      fc.constantFrom(0.5, 0.3, 0.25, 0.1),
      (batches, count, rising) => {
        fc.pre(batches >= count);
        const cycle = batches / count;
        const { positionAt } = schedules.cycles({
          stepSize: cycle * rising,
          stepSizeDown: cycle * (1 - rising),
        });
        assertEquals(positionAt(batches).cycle, count + 1);
        assertEquals(positionAt(batches - 1).cycle, count);
        assertEquals(positionAt(batches).height, 0);
      },
    ),
    { ...OPTIONS, numRuns: 10 * RUNS },
  );
});

/** Cycles of an exact size and factor, while they are worth looking at. */
function* exactCycles(size: Rational, factor: Rational, count: number) {
  let [start, length] = [Rational.of(0), size];
  for (let cycle = 0; cycle < count; cycle++) {
    const end = start.plus(length);
    yield { cycle, start, length, end };
    [start, length] = [end, length.times(factor)];
    if (start.ceil() > 1e9) break;
  }
}

/** As many cycles as last for an iteration at least, of at most `most`. */
function countOf(size: Rational, factor: Rational, most: number): number {
  if (!factor.lessThan(Rational.of(1))) return most;
  let count = 1;
  while (
    count < most &&
    size.value() * factor.value() ** count >= 1
  ) count++;
  return count;
}

Deno.test("cyclic() grows and shrinks where exact arithmetic has it", () => {
  fc.assert(
    fc.property(
      sizes,
      sizes,
      fc.oneof(factors, shrinkingFactors),
      (up, down, factor) => {
        const size = up.plus(down);
        fc.pre(size.value() >= 1);
        const count = countOf(size, factor, 12);
        const { at, positionAt } = schedules.cycles({
          baseLr: 1,
          maxLr: 3,
          stepSize: up.value(),
          stepSizeDown: down.value(),
          cycleFactor: factor.value(),
          cycles: count,
          mode: "triangular2",
        });
        let last = 0;
        for (const exact of exactCycles(size, factor, count)) {
          const { cycle, start, length, end } = exact;
          const rise = up.times(length).value() / size.value();
          const peak = start.value() + rise;
          last = end.ceil();
          const looked = [
            ...around([start.ceil(), last]),
            Math.floor(peak),
            Math.ceil(peak),
          ];
          for (const t of looked) {
            const place = Rational.of(t);
            if (!place.lessThan(end) || place.lessThan(start)) continue;
            const position = positionAt(t);
            assertEquals(position.cycle, cycle + 1, `cycle of ${t}`);
            assertEquals(
              position.iterationsLeft,
              end.minus(place).ceil(),
              `left at ${t}`,
            );
            const done = place.minus(start).value();
            const height = done < rise
              ? done / rise
              : end.minus(place).value() / (length.value() - rise);
            assertAlmostEquals(position.height, height, 1e-6);
            assertAlmostEquals(at(t), 1 + 2 * height / 2 ** cycle, 1e-6);
          }
        }
        if (last > 1e9) return;
        assertEquals(positionAt(last), {
          cycle: count + 1,
          iterationsLeft: Infinity,
          height: 0,
          scale: 2 ** -count,
        });
        assertEquals([last, last + 1, 1e12].map(at), [1, 1, 1]);
      },
    ),
    OPTIONS,
  );
});

Deno.test("cosineRestarts() with a warm-up is where exact arithmetic has it", () => {
  fc.assert(
    fc.property(
      sizes.filter((size) => size.value() > 2),
      fc.oneof(fc.constant(Rational.of(1)), factors, shrinkingFactors),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      (size, factor, part) => {
        const count = countOf(size, factor, 12);
        const shortest = size.value() *
          Math.min(1, factor.value()) ** (count - 1);
        const warmupIterations = part * shortest;
        const rate = schedules.cosineRestarts({
          maxLr: 1,
          cycleSize: size.value(),
          cycleFactor: factor.value(),
          amplitudeFactor: 0.9,
          cycles: count,
          warmupIterations,
        });
        for (const exact of exactCycles(size, factor, count)) {
          const { cycle, start, length, end } = exact;
          const rising = start.value() + warmupIterations;
          const looked = [
            ...around([start.ceil(), end.ceil(), Math.round(rising)]),
          ];
          for (const t of looked) {
            const place = Rational.of(t);
            if (!place.lessThan(end) || place.lessThan(start)) continue;
            const done = place.minus(start).value();
            const weight = done < warmupIterations
              ? done / warmupIterations
              : (1 + Math.cos(
                Math.PI * (done - warmupIterations) /
                  (length.value() - warmupIterations),
              )) / 2;
            assertAlmostEquals(rate(t), 0.9 ** cycle * weight, 1e-6);
          }
        }
      },
    ),
    OPTIONS,
  );
});

Deno.test("cosineRestarts() restarts where exact arithmetic has it", () => {
  fc.assert(
    fc.property(
      sizes,
      fc.oneof(fc.constant(Rational.of(1)), factors),
      (size, factor) => {
        const rate = schedules.cosineRestarts({
          maxLr: 1,
          cycleSize: size.value(),
          cycleFactor: factor.value(),
          amplitudeFactor: 0.9,
        });
        let [start, length] = [Rational.of(0), size];
        for (let cycle = 0; cycle < 12; cycle++) {
          const end = start.plus(length);
          for (const t of [start.ceil(), start.ceil() + 1, end.ceil() - 1]) {
            const place = Rational.of(t);
            if (!place.lessThan(end) || place.lessThan(start)) continue;
            const done = place.minus(start).value() / length.value();
            assertAlmostEquals(
              rate(t),
              0.9 ** cycle * (1 + Math.cos(Math.PI * done)) / 2,
              1e-9,
              `cycle ${cycle}, iteration ${t}`,
            );
          }
          [start, length] = [end, length.times(factor)];
          if (start.ceil() > 1e9) break;
        }
      },
    ),
    OPTIONS,
  );
});

Deno.test("schedules in steps step where exact arithmetic has it", () => {
  fc.assert(
    fc.property(sizes, fc.nat(60), fc.nat(1e9), (size, k, late) => {
      const iterations = size.value();
      const made = {
        step: schedules.step({
          startLr: 1,
          factor: 0.99,
          stepSize: iterations,
        }),
        exponential: schedules.exponential({
          startLr: 1,
          factor: 0.99,
          iterations,
          staircase: true,
        }),
        inverse: schedules.inverseTime({
          startLr: 1,
          decayRate: 0.5,
          iterations,
          staircase: true,
        }),
      };
      const nth = size.times(Rational.of(k)).ceil();
      for (const t of [...around([nth]), late]) {
        const steps = Rational.of(t).count(size);
        assertAlmostEquals(made.step(t), 0.99 ** steps, 1e-14);
        assertAlmostEquals(made.exponential(t), 0.99 ** steps, 1e-14);
        assertAlmostEquals(made.inverse(t), 1 / (1 + 0.5 * steps), 1e-14);
      }
    }),
    OPTIONS,
  );
});

Deno.test("sequence() changes stage where exact arithmetic has it", () => {
  fc.assert(
    fc.property(fc.array(sizes, { minLength: 1, maxLength: 9 }), (lengths) => {
      const rate = schedules.sequence(
        [...lengths, Rational.of(1)].map((length, i) => ({
          schedule: schedules.constant(i),
          iterations: length.value(),
        })),
      );
      let end = Rational.of(0);
      lengths.forEach((length, i) => {
        end = end.plus(length);
        const first = end.ceil();
        assert(rate(first) > i, `stage ${i + 1} at ${first}`);
        assert(rate(first - 1) <= i, `stage ${i} at ${first - 1}`);
      });
    }),
    OPTIONS,
  );
});

Deno.test("lengthOf() an exponential is the first iteration at endLr", () => {
  fc.assert(
    fc.property(
      fc.record({
        power: fc.integer({ min: -8, max: -1 }),
        times: fc.integer({ min: 1, max: 6 }),
        factor: fc.constantFrom(10, 2, 0.1, 0.5),
        iterations: fc.constantFrom(1, 7, 33),
        staircase: fc.boolean(),
      }),
      ({ power, times, factor, iterations, staircase }) => {
        const startLr = 10 ** power;
        const endLr = startLr * factor ** times;
        const options = { startLr, endLr, factor, iterations, staircase };
        const rate = schedules.exponential(options);
        const length = schedules.lengthOf(rate);
        assertEquals(rate(length), endLr);
        assertEquals(rate(1e7), endLr);
        if (rate(length - 1) === endLr) throw new Error(`not ${length}`);
      },
    ),
    OPTIONS,
  );
});

Deno.test("exponential() from 0 stays 0, however far it grows", () => {
  assertEquals(schedules.exponential({ startLr: 0, factor: 2 })(5000), 0);
});

Deno.test({
  name: "exports of random schedules give the same rates for 20,000 iterations",
  ignore: PYTHON === undefined,
  async fn() {
    const count = Number(Deno.env.get("EXPORTS") ?? 8);
    const sampled = fc.sample(anySchedule, { seed: SEED, numRuns: count });
    const iterations = Array.from({ length: 20_000 }, (_, t) => t);
    for (let i = 0; i < count; i += 24) {
      const some = sampled.slice(i, i + 24);
      const report = await runPython<Record<string, number>[]>(
        new URL("_check_exports.py", import.meta.url),
        some.map((schedule) => ({
          name: JSON.stringify(schedules.describe(schedule)),
          pytorch: schedules.toPyTorch(schedule),
          optax: schedules.toOptax(schedule),
          keras: schedules.toKeras(schedule),
          rates: iterations.map(schedule),
        })),
      );
      assertEquals(report.length, some.length);
      for (const { name, ...errors } of report) {
        for (const [what, error] of Object.entries(errors)) {
          assert(error < 1e-9, `${name}: ${what} off by ${error}`);
        }
      }
    }
  },
});
