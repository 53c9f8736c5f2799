// What every schedule of the module must have in common.

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  constant,
  cyclic,
  describe,
  fromDescription,
  lengthOf,
  momentumOf,
  type ScheduleDescription,
  sequence,
} from "@clr/clr/schedules";
import fc from "fast-check";
import { EXAMPLES } from "./_examples.ts";

/** Continuous where they do not jump on purpose. */
const CONTINUOUS = [
  "linear",
  "cosine",
  "polynomial",
  "exponential",
  "oneCycle cosine",
  "oneCycle linear",
  "oneCycle of three phases",
  "warmupStableDecay",
  "piecewise linear",
  "piecewise cosine",
  "warmup",
  "scale",
  "clamp",
  "cyclic triangular",
  "cyclic welch",
  "cyclic hann, asymmetric",
];

for (const [name, schedule] of Object.entries(EXAMPLES)) {
  Deno.test(`${name} gives rates that are finite and >= 0, in any order`, () => {
    const forwards = Array.from({ length: 4200 }, (_, t) => schedule(t));
    assert(forwards.every((rate) => rate >= 0 && rate < Infinity));
    fc.assert(fc.property(fc.nat(4199), (t) => {
      assertEquals(schedule(t), forwards[t]);
    }));
  });

  Deno.test(`${name} refuses an iteration that is not finite and >= 0`, () => {
    for (const t of [-1, NaN, Infinity]) {
      assertThrows(() => schedule(t), RangeError, "iteration must be a finite");
    }
  });

  Deno.test(`${name} is the same after a round trip through JSON`, () => {
    const json = JSON.stringify(describe(schedule));
    const again = fromDescription(JSON.parse(json));
    assertEquals(describe(again), describe(schedule));
    assertEquals(lengthOf(again), lengthOf(schedule));
    for (let t = 0; t < 4200; t += 7) {
      assertEquals(again(t), schedule(t));
      assertEquals(momentumOf(again)?.(t), momentumOf(schedule)?.(t));
    }
  });

  const end = lengthOf(schedule);
  if (end < Infinity) {
    Deno.test(`${name} holds from its end on`, () => {
      const last = schedule(end);
      fc.assert(fc.property(fc.nat(), (past) => {
        assertEquals(schedule(end + past), last);
      }));
    });
  }

  if (CONTINUOUS.includes(name)) {
    Deno.test(`${name} has no jump: a shorter way makes a smaller change`, () => {
      const change = (dt: number) => {
        let most = 0;
        for (let t = 0; t < 4000; t += dt) {
          most = Math.max(most, Math.abs(schedule(t + dt) - schedule(t)));
        }
        return most;
      };
      assert(change(1 / 8) < change(1) / 2);
    });
  }
}

Deno.test("describe() refuses what holds a function of one's own", () => {
  const own = (t: number) => t;
  const scaled = cyclic({ scaleFn: (cycle) => 1 / cycle });
  const mixed = sequence([
    { schedule: constant(1), iterations: 3 },
    { schedule: own },
  ]);
  for (const schedule of [own, scaled, mixed]) {
    assertThrows(
      () => describe(schedule),
      TypeError,
      "Cannot describe a schedule as it must be made by @clr/clr/schedules",
    );
  }
});

Deno.test("fromDescription() refuses an unknown kind", () => {
  assertThrows(
    () => fromDescription({ kind: "sine" } as unknown as ScheduleDescription),
    RangeError,
    'kind must be known: current value is "sine"',
  );
});
