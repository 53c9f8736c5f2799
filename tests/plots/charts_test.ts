import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { CyclicLR } from "@clr/clr";
import {
  comparisonChart,
  historyChart,
  rangeChart,
  type RunHistory,
  scheduleChart,
  toSvg,
} from "@clr/clr/plots";
import { exampleRange, exampleRun } from "./_data.ts";

Deno.test("rangeChart() makes the same specification as before", async (t) => {
  await t.assertSnapshot(rangeChart(exampleRange(16), { origin: "a curve" }));
});

Deno.test("scheduleChart() makes the same specification as before", async (t) => {
  const clr = new CyclicLR({ stepSize: 4, mode: "triangular2" });
  await t.assertSnapshot(scheduleChart(clr, 16));
});

Deno.test("historyChart() makes the same specification as before", async (t) => {
  await t.assertSnapshot(historyChart(exampleRun(20)));
});

Deno.test("comparisonChart() makes the same specification as before", async (t) => {
  await t.assertSnapshot(comparisonChart([
    { name: "one", ...exampleRun(20) },
    { name: "two", ...exampleRun(40) },
  ]));
});

Deno.test("charts take every scheduler as the run it has recorded", () => {
  const history = { iterations: [1, 2, 3], lr: [1, 2, 1], loss: [3, 2, 1] };
  const epochHistory = { iterations: [3], epochs: [1], val_loss: [1] };
  const expected = historyChart({ history, epochHistory });
  // As of OneCycleLR, whose iterations are how many there will be.
  for (const iterations of [3, undefined]) {
    const scheduler = { history, epochHistory, iterations };
    assertEquals(historyChart(scheduler), expected);
  }
});

Deno.test("charts of runs say what is missing where a scheduler was spread", () => {
  const clr = new CyclicLR();
  const spread = { name: "a", ...clr } as unknown as
    & { name: string }
    & RunHistory;
  for (
    const draw of [
      () => historyChart(spread),
      () => comparisonChart([spread]),
    ]
  ) {
    assertThrows(draw, TypeError, "write { history: clr.history,");
  }
});

Deno.test("every chart is plain data with a description", () => {
  for (
    const chart of [
      rangeChart(exampleRange()),
      scheduleChart(() => 1, 10),
      historyChart(exampleRun()),
      comparisonChart([{ name: "a", ...exampleRun() }]),
    ]
  ) {
    assertEquals(JSON.parse(JSON.stringify(chart)), chart);
    assertMatch(chart.$schema, /vega-lite\/v5\.json$/);
    assert(chart.description.startsWith(chart.title.text[0].slice(0, 20)));
  }
});

Deno.test("charts are no wider for names that are long", async () => {
  const run = exampleRun(20);
  const name = "W".repeat(90);
  const widthOf = (svg: string) =>
    Number(/<svg[^>]* width="(\d+)/.exec(svg)![1]);
  const usual = widthOf(await toSvg(comparisonChart([{ name: "a", ...run }])));
  const chart = comparisonChart([
    { name, ...run },
    { name: `${name} again`, ...exampleRun(40) },
  ]);
  assertEquals(widthOf(await toSvg(chart)), usual);
  assertStringIncludes(chart.title.text.join(""), name);
  // A panel is about as high as it was, whatever its metric is called.
  const heightOf = async (metric: string) => {
    const { loss, ...history } = run.history;
    const svg = await toSvg(
      historyChart({ ...history, [metric]: loss! }, {
        metrics: [metric],
        title: "a run",
      }),
    );
    return Number(/<svg[^>]* height="(\d+)/.exec(svg)![1]);
  };
  assert(await heightOf("m".repeat(90)) <= await heightOf("m") + 12);
});
