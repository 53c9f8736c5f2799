import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { comparisonChart } from "@clr/clr/plots";
import { exampleRun, lossHistory } from "./_data.ts";
import type { Json } from "./_layers.ts";

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

Deno.test("comparisonChart() ends the line of a run that is no longer finite, and clips one that blows up", () => {
  const chart = comparisonChart([
    { name: "good", history: lossHistory(600, (i) => 2 - i / 600) },
    { name: "lost", history: lossHistory(600, (i) => i < 300 ? 2 : NaN) },
    { name: "wild", history: lossHistory(600, (i) => i < 570 ? 2 : 1e7) },
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

Deno.test("comparisonChart() of runs with no metric in common says what each has", () => {
  const iterations = [1, 2];
  assertThrows(
    () =>
      comparisonChart([
        { name: "a", history: { iterations, loss: [2, 1] } },
        { name: "b", history: { iterations, acc: [0.1, 0.2] } },
      ]),
    RangeError,
    "that all runs have: current value is none: a has loss; b has acc",
  );
});

Deno.test("comparisonChart() refuses columns of text, as of a CSV file that was split", () => {
  const run = (loss: unknown[]) => ({
    name: "a",
    history: { iterations: [1, 2, 3], loss } as never,
  });
  assertThrows(
    () => comparisonChart([run(["9", "10", "5"])]),
    TypeError,
    'loss must be a list of 3 numbers: current value is ["9","10","5"]',
  );
  // What JSON has for NaN and the infinities is none.
  comparisonChart([run([9, null, "Infinity"])]);
});
