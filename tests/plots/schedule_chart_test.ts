import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { CyclicLR } from "@clr/clr";
import { scheduleChart } from "@clr/clr/plots";
import { cosineRestarts, cyclic, type Schedule } from "@clr/clr/schedules";
import type { Json } from "./_layers.ts";

Deno.test("scheduleChart() of a million iterations is small and keeps every peak and trough", () => {
  const clr = new CyclicLR({ stepSize: 12_345 });
  const chart = scheduleChart(clr, 1_000_000);
  assert(JSON.stringify(chart).length < 120_000);
  const points = new Map<number, number>(
    (chart.data as Json).values.map((
      { iteration, lr }: Json,
    ) => [iteration, lr]),
  );
  for (let k = 1; k * 12_345 < 1_000_000; k++) {
    const expected = k % 2 ? 0.006 : 0.001;
    // A bucket of 2,500 iterations holds one turn of the rate at most.
    assertEquals(points.get(k * 12_345), expected, `turn ${k}`);
  }
  assertEquals(
    chart.title.text.join(" "),
    "The learning rate cycles between 0.001 and 0.006 every 24,690 iterations",
  );
});

Deno.test("scheduleChart() has the period of a schedule from its options", () => {
  const cases: [Schedule, string][] = [
    [
      cyclic({ stepSize: 1998, stepSizeDown: 2001 }),
      "every 3,999 iterations",
    ],
    [
      cosineRestarts({ maxLr: 1, cycleSize: 333.25 }),
      "every 333 iterations",
    ],
    [
      cyclic({ stepSize: 500, cycleFactor: 1.5 }),
      "in 7 cycles of different length",
    ],
    [
      cosineRestarts({ maxLr: 1, cycleSize: 900, cycleFactor: 0.7, cycles: 6 }),
      "in 6 cycles of different length",
    ],
  ];
  for (const [schedule, period] of cases) {
    const chart = scheduleChart(schedule, 34_000);
    assertStringIncludes(chart.title.text.join(" "), period);
  }
});

Deno.test("scheduleChart() says how many cycles there are where their lengths differ", () => {
  const growing = (t: number) => {
    let [start, length] = [0, 100];
    for (; t >= start + length; length *= 2) start += length;
    return 1 - (t - start) / length;
  };
  assertEquals(
    scheduleChart(growing, 1500).title.text.join(" "),
    "The learning rate cycles between 0.00125 and 1 in 4 cycles of different length",
  );
});

Deno.test("scheduleChart() says what a schedule does", () => {
  const title = (schedule: (t: number) => number) =>
    scheduleChart(schedule, 100).title.text.join(" ");
  assertEquals(title(() => 0.1), "The learning rate stays at 0.1");
  assertEquals(
    title((t) => 0.1 * 0.5 ** Math.floor(t / 50)),
    "The learning rate falls from 0.1 to 0.025",
  );
  assertEquals(
    title((t) => t / 1000),
    "The learning rate rises from 0 to 0.1",
  );
  assertEquals(
    title((t) => t < 30 ? t / 30 : (100 - t) / 70),
    "The learning rate peaks at 1 at iteration 30",
  );
});

Deno.test("scheduleChart() refuses a number of iterations that is none", () => {
  for (const iterations of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(
      () => scheduleChart(() => 1, iterations),
      RangeError,
      `current value is ${iterations}`,
    );
  }
});

Deno.test("scheduleChart() says where the rate is no finite number", () => {
  const at = (bad: (t: number) => boolean) =>
    scheduleChart((t) => bad(t) ? NaN : 0.1 + t, 10);
  const middle = at((t) => t === 3);
  assertEquals(middle.title.text, ["The learning rate rises from 0.1 to 10.1"]);
  assertMatch(middle.title.subtitle.join(), /not finite at 1 iteration, first/);
  const begin = at((t) => t < 2);
  assertEquals(begin.title.text, ["The learning rate rises from 2.1 to 10.1"]);
  for (const { layer } of [middle, begin] as Json[]) {
    const [low, high] = layer.find((one: Json) => one.name === "rate")
      .encoding.y.scale.domain;
    assert(low >= 0 && low < high && high > 10, `${low} ${high}`);
  }
  assertEquals(at(() => true).title.text, [
    "The learning rate is never a finite number",
  ]);
});

Deno.test("scheduleChart() says in its title that the rate is lost", () => {
  const title = (schedule: Schedule) =>
    scheduleChart(schedule, 100).title.text.join(" ");
  assertEquals(
    title((t) => t > 5 ? NaN : 1),
    "The learning rate stays at 1, then is not finite",
  );
  assertEquals(
    title((t) => t > 60 ? Infinity : 1 / 2 ** t),
    "The learning rate falls from 1 to 8.67e-19, then is not finite",
  );
  assertEquals(
    title((t) => t === 5 ? NaN : 1),
    "The learning rate stays at 1",
  );
});
