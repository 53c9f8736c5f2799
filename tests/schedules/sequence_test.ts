import { assertEquals, assertThrows } from "@std/assert";
import {
  constant,
  cosineRestarts,
  cyclic,
  lengthOf,
  linear,
  momentumOf,
  oneCycle,
  type Schedule,
  sequence,
} from "@clr/clr/schedules";
import fc from "fast-check";

const identity: Schedule = (t) => t;

Deno.test("sequence() gives each stage its own iterations from 0, none lost", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }),
    (lengths) => {
      const rate = sequence(lengths.map((iterations, stage) => ({
        schedule: (t) => 100 * stage + t,
        iterations,
      })));
      const expected = lengths.flatMap((length, stage) =>
        Array.from({ length }, (_, t) => 100 * stage + t)
      );
      assertEquals(expected.map((_, t) => rate(t)), expected);
      // A function of one's own has no end that is known: the last rate holds.
      assertEquals(rate(expected.length + 7), expected[expected.length - 1]);
    },
  ));
});

Deno.test("sequence() is the same nested or flat", () => {
  const stages = [3, 5, 2, 7].map((iterations, i) => ({
    schedule: linear({ startLr: i, endLr: i + 1, iterations }),
    iterations,
  }));
  const flat = sequence(stages);
  const nested = sequence([
    stages[0],
    {
      schedule: sequence([
        { schedule: sequence([stages[1], stages[2]]) },
        stages[3],
      ]),
    },
  ]);
  for (let t = 0; t < 30; t++) assertEquals(nested(t), flat(t));
  assertEquals(lengthOf(nested), 17);
});

Deno.test("sequence() holds the end of a schedule that has one", () => {
  const fall = linear({ startLr: 1, endLr: 0, iterations: 10 });
  assertEquals(sequence([{ schedule: fall, iterations: 10 }])(10), 0);
  assertEquals(sequence([{ schedule: fall, iterations: 5 }])(10), fall(4));
});

Deno.test("sequence() does not bounce at a restart past its end", () => {
  const saw = cosineRestarts({ maxLr: 1, cycleSize: 10 });
  const rate = sequence([{ schedule: saw, iterations: 20 }]);
  assertEquals([20, 21, 30].map(rate), [saw(19), saw(19), saw(19)]);
});

Deno.test("sequence() takes its stages' lengths from the schedules", () => {
  const rate = sequence([
    { schedule: oneCycle({ maxLr: 1, iterations: 10 }) },
    { schedule: constant(0.5) },
  ]);
  assertEquals([9, 10, 99].map(rate), [4e-6, 0.5, 0.5]);
  assertEquals(lengthOf(rate), 10);
  const endless = sequence([
    { schedule: constant(1), iterations: 5 },
    { schedule: cyclic() },
  ]);
  assertEquals(lengthOf(endless), Infinity);
  assertEquals(endless(2005), 0.006);
});

Deno.test("sequence() has the momentum of the stage, where it has one", () => {
  const momentum = { base: 0.85, max: 0.95 };
  const rate = sequence([
    { schedule: constant(0.1), iterations: 3 },
    { schedule: oneCycle({ maxLr: 1, iterations: 10, momentum }) },
  ]);
  assertEquals(
    [0, 2, 3, 5, 99].map(momentumOf(rate)!),
    [undefined, undefined, 0.95, 0.85, 0.95],
  );
  assertEquals(momentumOf(sequence([{ schedule: identity }])), undefined);
});

Deno.test("sequence() refuses what has no order", () => {
  assertThrows(() => sequence([]), RangeError, "it must have a stage");
  assertThrows(
    () => sequence([{ schedule: cyclic() }, { schedule: constant(1) }]),
    RangeError,
    "stages[0].iterations must be a finite number > 0: current value is Infinity",
  );
  assertThrows(
    () => sequence([{ schedule: identity, iterations: 0 }]),
    RangeError,
    "stages[0].iterations must be a finite number > 0: current value is 0",
  );
  assertThrows(
    () => sequence([{ schedule: 1 as unknown as Schedule }]),
    TypeError,
    "stages[0].schedule must be a function",
  );
});
