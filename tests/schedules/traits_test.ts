import { assertEquals, assertThrows } from "@std/assert";
import {
  clamp,
  constant,
  cyclic,
  lengthOf,
  momentumOf,
  oneCycle,
  scale,
  type Schedule,
  sequence,
  warmup,
} from "@clr/clr/schedules";
import { rateToTrainAt } from "../../src/schedules/traits.ts";

const cycles = oneCycle({
  maxLr: 1,
  iterations: 10,
  momentum: { base: 0.85, max: 0.95 },
});

Deno.test("a schedule shows its momentum, also around another", () => {
  const compositions: Schedule[] = [
    cycles,
    scale(cycles, 0.5),
    scale(cycles, constant(2)),
    scale(constant(2), cycles),
    clamp(cycles, { max: 0.5 }),
    sequence([{ schedule: cycles }]),
  ];
  for (const schedule of compositions) {
    assertEquals([0, 2, 9].map(schedule.momentum!), [0.95, 0.85, 0.95]);
    assertEquals(momentumOf(schedule), schedule.momentum);
  }
  assertEquals(warmup(cycles, { iterations: 3 }).momentum!(5), 0.85);
  assertEquals(momentumOf(cyclic()), undefined);
  assertEquals(momentumOf(() => 1), undefined);
});

Deno.test("a function of one's own carries the momentum it is given", () => {
  const own = Object.assign((t: number) => cycles(t) / 2, {
    momentum: cycles.momentum,
  });
  const rate = clamp(own, { max: 0.1 });
  assertEquals([0, 2, 9].map(rate.momentum!), [0.95, 0.85, 0.95]);
  assertEquals(lengthOf(rate), Infinity);
  assertEquals(rateToTrainAt(rate, 2), 0.1);
});

Deno.test("rateToTrainAt() refuses a function that loses a momentum", () => {
  const logged = (t: number) => cycles(t);
  const late = (t: number) => t < 5 ? 0.1 : scale(cycles, 2)(t - 5);
  assertThrows(
    () => rateToTrainAt(logged, 0),
    TypeError,
    "must keep the momentum of the schedule that it calls",
  );
  assertEquals(rateToTrainAt(late, 4), 0.1);
  assertThrows(() => rateToTrainAt(late, 5), TypeError, "must keep");
  assertThrows(
    () => rateToTrainAt(sequence([{ schedule: logged }]), 0),
    TypeError,
    "must keep",
  );
});

Deno.test("rateToTrainAt() lets a momentum go that is given up", () => {
  const without: Schedule = Object.assign((t: number) => cycles(t), {
    momentum: undefined,
  });
  assertEquals(rateToTrainAt(without, 2), cycles(2));
  assertEquals(rateToTrainAt(cyclic({ stepSize: 2 }), 2), 0.006);
});
