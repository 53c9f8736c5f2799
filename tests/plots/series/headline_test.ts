import { assert, assertEquals, assertMatch } from "@std/assert";
import * as fc from "fast-check";
import { comparisonChart, historyChart } from "@clr/clr/plots";
import type { Better, Metric } from "@clr/clr";
import {
  comparisonHeadline,
  courseHeadline,
} from "../../../src/plots/series/headline.ts";

/** A curve at the iterations 100, 200, … */
function course(values: readonly number[]) {
  return { iterations: values.map((_, i) => 100 * (i + 1)), values };
}

/** The headline of a loss, of an accuracy, and of what nobody knows. */
function told(values: readonly number[], better?: Better): string {
  return courseHeadline(course(values), {
    what: better === "higher" ? "accuracy" : better ? "loss" : "reward",
    better,
    show: (value) => String(Number(value.toPrecision(4))),
  });
}

const COURSES: readonly [
  kind: string,
  values: readonly number[],
  loss: string,
  accuracy: string,
  reward: string,
][] = [
  [
    "falling",
    [3, 2, 1],
    "Loss falls to 1 at iteration 300",
    "Accuracy falls from 3 to 1",
    "Reward goes from 3 to 1",
  ],
  [
    "rising",
    [1, 2, 3],
    "Loss rises from 1 to 3",
    "Accuracy reaches 3 at iteration 300",
    "Reward goes from 1 to 3",
  ],
  [
    "flat",
    [2, 2, 2],
    "Loss stays at 2",
    "Accuracy stays at 2",
    "Reward stays at 2",
  ],
  [
    "of one point",
    [2],
    "Loss is 2 at iteration 100",
    "Accuracy is 2 at iteration 100",
    "Reward is 2 at iteration 100",
  ],
  [
    "without a number",
    [NaN, NaN],
    "No finite loss was recorded",
    "No finite accuracy was recorded",
    "No finite reward was recorded",
  ],
  [
    "of one number",
    [NaN, 2, NaN],
    "Loss is 2 at iteration 200, then is not finite",
    "Accuracy is 2 at iteration 200, then is not finite",
    "Reward is 2 at iteration 200, then is not finite",
  ],
  [
    "that ends in NaN",
    [3, 1, NaN],
    "Loss falls to 1 at iteration 200, then is not finite",
    "Accuracy falls from 3 to 1, then is not finite",
    "Reward goes from 3 to 1, then is not finite",
  ],
  [
    "with a gap",
    [3, NaN, 1],
    "Loss falls to 1 at iteration 300",
    "Accuracy falls from 3 to 1",
    "Reward goes from 3 to 1",
  ],
  [
    "that falls and rises",
    [3, 1, 2.9],
    "Loss falls to 1 at iteration 200, and ends at 2.9",
    "Accuracy falls from 3 to 2.9",
    "Reward goes from 3 to 2.9",
  ],
  [
    "that comes back",
    [1, 3, 1],
    "Loss gets no better than the 1 it starts at",
    "Accuracy reaches 3 at iteration 200, and ends at 1",
    "Reward moves between 1 and 3",
  ],
  [
    "that differs in digits that are not shown",
    [2.00001, 2.00002],
    "Loss stays at 2",
    "Accuracy stays at 2",
    "Reward stays at 2",
  ],
  [
    "below zero",
    [-1, -3],
    "Loss falls to -3 at iteration 200",
    "Accuracy falls from -1 to -3",
    "Reward goes from -1 to -3",
  ],
];

for (const [kind, values, loss, accuracy, reward] of COURSES) {
  Deno.test(`courseHeadline() of a curve ${kind}`, () => {
    assertEquals(told(values, "lower"), loss);
    assertEquals(told(values, "higher"), accuracy);
    assertEquals(told(values), reward);
  });
}

Deno.test("courseHeadline() never says what is not so", () => {
  const value = fc.oneof(
    fc.integer({ min: -50, max: 50 }),
    fc.constant(NaN),
  );
  fc.assert(fc.property(fc.array(value, { maxLength: 12 }), (values) => {
    const finite = values.filter(Number.isFinite);
    const reward = told(values);
    assert(!/best|reach|fall|rise|better|worse|improv/.test(reward), reward);
    for (const better of ["lower", "higher"] as const) {
      const text = told(values, better);
      const best = better === "lower"
        ? Math.min(...finite)
        : Math.max(...finite);
      const said = /(?:falls to|reaches) (-?\d+) at iteration ([\d,]+)/.exec(
        text,
      );
      if (said) {
        assertEquals(Number(said[1]), best);
        assertEquals(values[Number(said[2].replace(",", "")) / 100 - 1], best);
        assert(better === "lower" ? best < finite[0] : best > finite[0]);
      }
      const [, from, to] =
        /(?:falls|rises) from (-?\d+) to (-?\d+)/.exec(text) ?? [];
      if (from !== undefined) {
        assertEquals([Number(from), Number(to)], [finite[0], finite.at(-1)]);
        assertEquals(best, finite[0]);
      }
      // NaN in turns with numbers is a metric of every other batch.
      if (text.endsWith(", then is not finite")) {
        assert(!Number.isFinite(values.at(-1)));
      }
    }
  }));
});

/** What a comparison of an accuracy says. */
function compared(
  runs: { readonly [name: string]: readonly number[] },
  better: Better | "unknown" = "higher",
): string {
  return comparisonHeadline(
    Object.entries(runs).map(([name, values]) => ({
      name,
      ...course(values),
    })),
    {
      what: "accuracy",
      better: better === "unknown" ? undefined : better,
      show: (value) => String(Number(value.toPrecision(4))),
    },
  );
}

Deno.test("comparisonHeadline() says who is best, and who was first at the other's best", () => {
  assertEquals(
    compared({ fixed: [2, 5, 7], cyclic: [6, 7.5, 8] }),
    "cyclic reaches the best accuracy, 8, and fixed's best of 7 in 200 instead of 300 iterations",
  );
  // They cross: the one that ends below was there before.
  assertEquals(
    compared({ quick: [5, 6, 6], slow: [1, 4, 8] }),
    "slow reaches the best accuracy, 8; quick was first at its own best of 6, in 200 instead of 300 iterations",
  );
  assertEquals(
    compared({ a: [1, 3], b: [1, 2] }),
    "a reaches the best accuracy, 3; b follows with 2",
  );
  // The first iteration at which the sentence's own figure is reached.
  assertEquals(
    compared({ a: [1, 4, 5], b: [3.99999, 4, 4.00001] }),
    "a reaches the best accuracy, 5; b was first at its own best of 4, in 100 instead of 200 iterations",
  );
});

Deno.test("comparisonHeadline() of runs that tie says who was faster", () => {
  assertEquals(
    compared({ a: [1, 2, 3], b: [1, 3, 3] }),
    "b and a tie for the best accuracy, 3, b in 200 and a in 300 iterations",
  );
  assertEquals(
    compared({ a: [1, 3], b: [2, 3] }),
    "a and b tie for the best accuracy, 3, after 200 iterations",
  );
  assertEquals(
    compared({ a: [1, 3], b: [2, 3], c: [3, 3] }),
    "3 runs tie for the best accuracy, 3",
  );
});

Deno.test("comparisonHeadline() of a loss ranks the other way", () => {
  assertMatch(
    compared({ a: [3, 2, 1], b: [3, 1.5, 1.5] }, "lower"),
    /^a reaches the best accuracy, 1; b was first at its own best of 1.5/,
  );
});

Deno.test("comparisonHeadline() of runs without numbers, of one, and of one point", () => {
  assertEquals(compared({ a: [NaN], b: [] }), "No run has a finite accuracy");
  assertEquals(
    compared({ a: [NaN], b: [1, 2] }),
    "Only b has a finite accuracy, 2 at best",
  );
  assertEquals(
    compared({ a: [1, 2] }),
    "A: accuracy reaches 2 at iteration 200",
  );
  assertEquals(
    compared({ a: [1], b: [2] }),
    "b reaches the best accuracy, 2; a follows with 1",
  );
});

Deno.test("comparisonHeadline() ranks no runs by a metric of unknown direction", () => {
  const runs = { bad: [1, 1], good: [1, 9] };
  for (const named of [runs, { c: [5], d: [NaN], ...runs }]) {
    const text = compared(named, "unknown");
    assert(!/best|reach|first|better|worse/.test(text), text);
  }
  assertEquals(
    comparisonHeadline([{ name: "a", ...course([1, 2]) }], {
      what: "reward",
      better: undefined,
      show: String,
    }),
    "Reward at the end: a 2",
  );
});

Deno.test("charts call a metric better or worse where its name or the caller tells, and never else", () => {
  const iterations = [1, 2, 3];
  const title = (metric: Metric) =>
    historyChart({ iterations, reward: [0.1, 0.5, 1] }, { metrics: [metric] })
      .title.text.join(" ");
  assertEquals(title("reward"), "Training reward goes from 0.1 to 1");
  assertEquals(
    title({ name: "reward", better: "higher" }),
    "Training reward reaches 1 at iteration 3",
  );
  assertEquals(
    title({ name: "reward", better: "lower" }),
    "Training reward rises from 0.1 to 1",
  );
  const runs = [0.1, 1].map((top) => ({
    name: `top ${top}`,
    history: { iterations, reward: iterations.map((i) => top * i) },
  }));
  const compare = (metric: Metric) =>
    comparisonChart(runs, { metric }).title.text.join(" ");
  assertEquals(compare("reward"), "Reward at the end: top 0.1 0.3, top 1 3");
  assertMatch(
    compare({ name: "reward", better: "higher" }),
    /^top 1 reaches the best reward, 3/,
  );
  assertMatch(
    compare({ name: "reward", better: "lower" }),
    /^top 0.1 reaches the best reward, 0.1/,
  );
});
