import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { comparisonChart, historyChart } from "@clr/clr/plots";
import { exampleRun } from "./_data.ts";
import { type Json, panelsOf } from "./_layers.ts";

Deno.test("comparisonChart() states which run is first at the other's best", () => {
  const run = (name: string, values: number[]) => ({
    name,
    history: { iterations: [1, 2, 3] },
    epochHistory: { iterations: [100, 200, 300], val_acc: values },
  });
  const { title } = comparisonChart([
    run("fixed", [0.2, 0.5, 0.7]),
    run("cyclic", [0.6, 0.75, 0.8]),
  ]);
  assertEquals(
    title.text.join(" "),
    "cyclic reaches the best validation accuracy, 80.0 %, and fixed's best " +
      "of 70.0 % in 200 instead of 300 iterations",
  );
});

/** A history of `length` iterations, numbered from 1. */
function history(length: number, loss: (i: number) => number) {
  const iterations = Array.from({ length }, (_, i) => i + 1);
  return {
    iterations,
    lr: iterations.map(() => 0.1),
    loss: iterations.map((_, i) => loss(i)),
  };
}

for (const length of [600, 60_000]) {
  Deno.test(`historyChart() ends its lines where the loss is no longer finite, of ${length} iterations`, () => {
    const half = length / 2;
    const chart = historyChart(
      history(length, (i) => i < half ? 2 - i / length : NaN),
    );
    const rows: Json[] = panelsOf(chart)[1].data.values;
    const drawn = rows.filter(({ smooth }) => smooth !== null);
    assertEquals(drawn.at(-1)!.iteration, half);
    assert(
      rows.every(({ raw, smooth }) => (raw === null) === (smooth === null)),
    );
    assertMatch(chart.title.text.join(" "), /, then is not finite$/);
    const from = length === 600 ? "301" : "30,001";
    assertEquals(
      chart.title.subtitle.at(-1)!,
      `loss not finite from iteration ${from} on`,
    );
  });

  Deno.test(`historyChart() breaks its lines at a gap and goes on behind it, of ${length} iterations`, () => {
    const [start, end] = [length / 4, length / 2];
    const chart = historyChart(
      history(length, (i) => i >= start && i < end ? NaN : 2 - i / length),
    );
    const rows: Json[] = panelsOf(chart)[1].data.values;
    const gap = rows.findIndex(({ smooth }) => smooth === null);
    assertEquals(rows[gap - 1].iteration, start);
    assertEquals(
      rows.slice(gap).find(({ smooth }) => smooth !== null)!.iteration,
      end + 1,
    );
    assertEquals(rows.at(-1)!.iteration, length);
    assertMatch(
      chart.title.subtitle.at(-1)!,
      /^loss not finite at [\d,]+ iter/,
    );
  });
}

Deno.test("comparisonChart() ends the line of a run that is no longer finite, and clips one that blows up", () => {
  const chart = comparisonChart([
    { name: "good", history: history(600, (i) => 2 - i / 600) },
    { name: "lost", history: history(600, (i) => i < 300 ? 2 : NaN) },
    { name: "wild", history: history(600, (i) => i < 570 ? 2 : 1e7) },
  ]);
  const lost = (chart.data as Json).values.filter(({ run, value }: Json) =>
    run === "lost" && value !== null
  );
  assertEquals(lost.at(-1).iteration, 300);
  const [, high] = (chart.layer![0] as Json).encoding.y.scale.domain;
  assert(high > 2 && high < 4, `high is ${high}`);
  assertMatch(chart.title.subtitle[0], /clipped at [23]\.\d+$/);
  assertEquals(
    chart.title.subtitle[1],
    "lost not finite from iteration 301 on",
  );
  assertEquals((chart.layer![0] as Json).encoding.x.scale.domain, [0, 600]);
});

Deno.test("comparisonChart() refuses runs that it cannot compare", () => {
  const run = { name: "a", ...exampleRun(20) };
  assertThrows(() => comparisonChart([]), RangeError, "from 1 to 7 runs");
  assertThrows(() => comparisonChart([run, run]), RangeError, "a, a");
  assertThrows(
    () => comparisonChart([run], { metric: "val_mse" }),
    RangeError,
    "val_mse",
  );
});
