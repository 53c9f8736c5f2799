import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertThrows,
} from "@std/assert";
import { LearningRateRange } from "@clr/clr";
import { rangeChart, toSvg } from "@clr/clr/plots";
import { exampleRange } from "./_data.ts";
import { type Json, layerOf, panelsOf } from "./_layers.ts";

Deno.test("rangeChart() draws a range and its JSON alike", () => {
  const range = exampleRange();
  const reward = LearningRateRange.fromCurve(
    range.learningRates,
    range.losses,
    {
      metrics: { reward: range.losses.map((v, i) => i === 9 ? NaN : -v) },
      metric: { name: "reward", better: "higher" },
    },
  );
  for (const one of [range, reward]) {
    assertEquals(
      JSON.stringify(rangeChart(JSON.parse(JSON.stringify(one)))),
      JSON.stringify(rangeChart(one)),
    );
  }
});

/** The trend of the curve that was read, between the points beside a rate. */
function trendAt({ learningRates, curve }: LearningRateRange, lr: number) {
  const i = learningRates.findLastIndex((rate) => rate <= lr);
  const [low, high] = [learningRates[i], learningRates[i + 1] ?? Infinity];
  const share = Math.log(lr / low) / Math.log(high / low);
  return curve.trend[i] + share * ((curve.trend[i + 1] ?? 0) - curve.trend[i]);
}

Deno.test("rangeChart() puts both bounds on the curve that they were read from", () => {
  const { learningRates, losses, metrics } = exampleRange();
  for (const metric of ["loss", "acc"]) {
    const range = LearningRateRange.fromCurve(learningRates, losses, {
      metrics,
      metric,
    });
    assertEquals(range.verdict, "good");
    const [read, beside] = panelsOf(rangeChart(range));
    assert(layerOf(read, `${metric}_raw`));
    assert(layerOf(beside, metric === "loss" ? "acc_raw" : "loss_raw"));
    const dots = layerOf(read, "bounds").data.values;
    assertEquals(dots.map((dot: Json) => dot.kind), ["base", "max"]);
    assertAlmostEquals(dots[0].lr, range.baseLr!, 1e-8);
    assertAlmostEquals(dots[1].lr, range.maxLr!, 1e-8);
    for (const dot of dots) {
      assertAlmostEquals(dot.value, trendAt(range, dot.lr), 1e-4);
    }
    const line = read.data.values.map(({ smooth }: Json) => smooth);
    range.curve.trend.forEach((value, i) => {
      if (line[i] !== null) assertAlmostEquals(line[i], value, 1e-5);
    });
    assertEquals(layerOf(beside, "bounds"), undefined);
  }
});

Deno.test("rangeChart() has one tick a decade on the axis of rates", () => {
  for (const panel of panelsOf(rangeChart(exampleRange()))) {
    assertEquals(
      panel.layer[0].encoding.x.axis.values,
      [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1],
    );
  }
});

Deno.test("rangeChart() and the chart in text go on to a maximum above the last rate", () => {
  const data = exampleRange().toJSON();
  const range = LearningRateRange.fromJSON({
    ...data,
    maxLr: 10 * data.learningRates.at(-1)!,
  });
  const domains = panelsOf(rangeChart(range)).flatMap((panel) =>
    (panel.layer as Json[]).flatMap((layer) => {
      const x = (layer.encoding as Json | undefined)?.x as Json | undefined;
      const scale = x?.scale as { domain?: number[] } | undefined;
      return scale?.domain ? [scale.domain] : [];
    })
  );
  assert(domains.length > 0);
  for (const [, last] of domains) assertEquals(last, range.maxLr);
  assertMatch(Deno.inspect(range, { colors: false }), /^.*base.*max$/m);
});

Deno.test("rangeChart() has the axis that the rates grew along, however few there are", () => {
  for (const growth of ["exponential", "linear"] as const) {
    const range = LearningRateRange.fromCurve([0.1, 0.2, 0.4], [3, 2, 1], {
      growth,
    });
    const [panel] = panelsOf(rangeChart(range));
    assertEquals(
      layerOf(panel, "loss_raw").encoding.x.scale.type,
      growth === "linear" ? "linear" : "log",
    );
  }
});

Deno.test("rangeChart() names the metric that does not improve, and not the loss that does", () => {
  const { learningRates, losses } = exampleRange();
  const flat = LearningRateRange.fromCurve(learningRates, losses, {
    metrics: { reward: losses.map((_, i) => 0.5 + 0.01 * Math.sin(7 * i)) },
    metric: { name: "reward", better: "higher" },
  });
  assertEquals(flat.verdict, "flat");
  const { title } = rangeChart(flat);
  assertEquals(title.text, ['"reward" did not improve at any rate']);
  assertEquals(title.subtitle.at(-1), `Next: ${flat.nextStep}`);
  assertMatch(title.subtitle[0], /^Read from the reward, /);
});

Deno.test("rangeChart() shows the improvement when the end blows up", () => {
  const rates = Array.from({ length: 50 }, (_, i) => 1e-5 * 10 ** (i / 10));
  const losses = rates.map((_, i) => i < 40 ? 2.3 - i * 0.01 : 10 ** (i - 38));
  for (const sign of [1, -1]) {
    const [panel] = panelsOf(
      rangeChart(LearningRateRange.fromCurve(rates, losses, {
        metrics: { score: losses.map((loss) => sign * loss) },
        metric: { name: "score", better: sign > 0 ? "lower" : "higher" },
      })),
    );
    const [low, high] = layerOf(panel, "score_smooth").encoding.y.scale.domain
      .map((limit: number) => sign * limit).sort();
    assert(low < 1.95 && low > 1.5, `low is ${low}`);
    assert(high > 2.3 && high < 3, `high is ${high}`);
  }
});

Deno.test("rangeChart() keeps its marks within their panels", async () => {
  const { learningRates, losses, metrics } = exampleRange(100);
  for (const metric of ["loss", "acc"]) {
    const chart = rangeChart(
      LearningRateRange.fromCurve(learningRates, losses, { metrics, metric }),
    );
    const seen = panelsOf(chart).flatMap(({ layer }) => layer).filter((
      { mark, data }: Json,
    ) => data && ["point", "text"].includes(mark.type));
    assertEquals(seen.length, 6);
    for (const { data, encoding: { y } } of seen) {
      const [low, high] = y.scale.domain;
      for (const row of data.values) {
        assert(row[y.field] >= low && row[y.field] <= high);
      }
    }
    const [, height] = /height="(\d+)"/.exec(
      await toSvg(chart, { embedFont: false }),
    )!;
    assert(Number(height) < 600, `the picture is ${height} pixels high`);
  }
});

Deno.test("rangeChart() draws metrics of any name", async () => {
  const { learningRates, losses } = exampleRange();
  for (const name of ["top-5 error (%)", "mean IoU", "a.b[0]", `3d'"`]) {
    const range = LearningRateRange.fromCurve(learningRates, losses, {
      metrics: { [name]: losses },
      metric: { name, better: "lower" },
    });
    const svg = await toSvg(rangeChart(range), { embedFont: false });
    assertEquals(svg.match(/mark-line/g)?.length, 4, name);
  }
});

Deno.test("rangeChart() refuses a range of fewer than two rates, and one without its curve", () => {
  assertThrows(
    () => rangeChart(LearningRateRange.fromCurve([1], [1])),
    RangeError,
    "at least 2 learning rates: current value is 1",
  );
  const { curve: _, ...old } = exampleRange().toJSON();
  assertThrows(
    () => rangeChart(old as Json),
    TypeError,
    "LearningRateRange.fromJSON",
  );
});

Deno.test("rangeChart() shows most of a curve that only rises", () => {
  const { learningRates } = exampleRange();
  const losses = learningRates.map((rate) => 2.3 + 10 * rate);
  const chart = rangeChart(LearningRateRange.fromCurve(learningRates, losses));
  const [panel] = panelsOf(chart);
  const [low, high] = layerOf(panel, "loss_raw").encoding.y.scale.domain;
  const seen = losses.filter((loss) => low <= loss && loss <= high).length;
  assert(seen >= 0.7 * losses.length, `${seen}`);
});
