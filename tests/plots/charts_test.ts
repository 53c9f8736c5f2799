import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { CyclicLR, LearningRateRange } from "@clr/clr";
import {
  type Chart,
  comparisonChart,
  gridChart,
  historyChart,
  rangeChart,
  type RunHistory,
  scheduleChart,
  toSvg,
} from "@clr/clr/plots";
import { cosineRestarts, cyclic, type Schedule } from "@clr/clr/schedules";
import { exampleRange, exampleRun } from "./_data.ts";

// deno-lint-ignore no-explicit-any -- a part of a specification, taken apart
type Json = any;

/** The panels of a chart, and the layer of that name in one of them. */
function panelsOf({ vconcat }: Chart): Json[] {
  return vconcat!;
}
function layerOf(panel: Json, name: string): Json {
  return panel.layer.find((layer: Json) => layer.name === name);
}

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

Deno.test("scheduleChart() knows the cycles of a rate that decays into rounding", () => {
  for (const mode of ["exp_range", "triangular2"] as const) {
    for (const waveform of ["triangular", "welch", "hann"] as const) {
      for (const iterations of [100_000, 600_000, 1_000_000]) {
        const chart = scheduleChart(
          new CyclicLR({ stepSize: 2000, mode, waveform }),
          iterations,
        );
        assertMatch(
          chart.title.text.join(" "),
          / every 4,000 iterations$/,
          `${mode}, ${waveform}, ${iterations}`,
        );
      }
    }
  }
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

Deno.test("scheduleChart() knows a period that it does not look at iteration by iteration", () => {
  const title = (schedule: Parameters<typeof scheduleChart>[0]) =>
    scheduleChart(schedule, 1e7).title.text.join(" ");
  // As the options say, and as well as it can be told of a function.
  const clr = new CyclicLR({ stepSize: 1234.5 });
  assertStringIncludes(title(clr), "every 2,469 iterations");
  const sawtooth = (t: number) => t % 4000 < 2000 ? t % 2000 : 0;
  assertStringIncludes(title(sawtooth), "every 4,000 iterations");
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

Deno.test("scheduleChart() reaches 2^31 iterations", () => {
  const chart = scheduleChart((t) => 1 / (1 + t), 2 ** 31);
  assert((chart.data as Json).values.length <= 1600);
  assert((chart.data as Json).values.at(-1).iteration > 2 ** 31 - 1024);
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

Deno.test("historyChart() keeps the spikes of a long run", () => {
  const iterations = Array.from({ length: 300_000 }, (_, i) => i + 1);
  const loss = iterations.map(() => 1);
  loss[123_456] = 7;
  loss[234_567] = 0.25;
  const chart = historyChart({ iterations, lr: loss.map(() => 0.1), loss });
  const raw = panelsOf(chart)[1].data.values.map((row: Json) => row.raw);
  assert(raw.includes(7) && raw.includes(0.25));
  assert(JSON.stringify(chart).length < 250_000);
});

Deno.test("historyChart() marks the ends of cycles in every panel", () => {
  const panels = panelsOf(historyChart(exampleRun(200)));
  assertEquals(panels.length, 3);
  for (const { layer } of panels) {
    const rule = layer.find((part: Json) => part.mark.type === "rule");
    assertEquals(
      rule.data.values.map(({ iteration }: Json) => iteration),
      [41, 81, 121, 161],
    );
  }
});

Deno.test("historyChart() states the best validation accuracy", () => {
  const run = exampleRun(200);
  const best = Math.max(...Array.from(run.epochHistory!.val_acc));
  assertEquals(historyChart(run).title.text, [
    `Validation accuracy reaches ${(100 * best).toFixed(1)} % at iteration 200`,
  ]);
});

Deno.test("historyChart() shows a run of one batch, and single values between gaps", async () => {
  for (const loss of [[2], [NaN, 2, NaN], [3, NaN, 2]]) {
    const iterations = loss.map((_, i) => i + 1);
    const svg = await toSvg(historyChart({ iterations, loss }), {
      embedFont: false,
    });
    const [, marks] = /mark-symbol[^>]*>(.*?)<\/g>/.exec(svg)!;
    const finite = loss.filter(Number.isFinite).length;
    assertEquals(marks.match(/<path/g)?.length, finite, `${loss}`);
  }
});

Deno.test("historyChart() draws all metrics where there is neither loss nor accuracy", () => {
  const chart = historyChart({
    iterations: [1, 2],
    reward: [1, 2],
    f1: [0, 1],
  });
  assertEquals(panelsOf(chart).length, 2);
  assertEquals(chart.title.text, ["Training reward goes from 1 to 2"]);
});

Deno.test("historyChart() counts iterations, not the rows of a thinned history", () => {
  const iterations = Array.from({ length: 200 }, (_, i) => 16 * (i + 1));
  const chart = historyChart({
    iterations,
    loss: iterations.map((t) => 1 / t),
  });
  assertStringIncludes(chart.title.subtitle.join(" "), "3,200 iterations · ");
  const resumed = iterations.slice(0, 40).map((_, i) => 501 + i);
  const rest = historyChart({ iterations: resumed, loss: resumed });
  assertStringIncludes(rest.title.subtitle.join(" "), "40 iterations");
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

Deno.test("historyChart() takes a CyclicLR, and a history with NaN", () => {
  const clr = new CyclicLR();
  assertThrows(() => historyChart(clr), RangeError, "at least 1 iteration");
  const chart = historyChart({
    iterations: [1, 2, 3],
    lr: [0.1, 0.1, 0.1],
    loss: [1, NaN, Infinity],
  });
  assertEquals(
    panelsOf(chart)[1].data.values.map((row: Json) => row.raw),
    [1, null, null],
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

Deno.test("historyChart() draws a line through a metric of every hundredth batch", () => {
  const columns = history(600, () => 1);
  const chart = historyChart({
    ...columns,
    acc: columns.loss.map((_, i) => i % 100 === 99 ? i / 1000 : NaN),
  });
  assertEquals(
    panelsOf(chart)[2].data.values.map((row: Json) => row.raw),
    [0.099, 0.199, 0.299, 0.399, 0.499, 0.599],
  );
  assert(!chart.title.subtitle.join().includes("not finite"));
});

Deno.test("historyChart() draws a metric that the epochs alone have", () => {
  const history = { iterations: [1, 2, 3, 4], loss: [4, 3, 2, 1] };
  const epochHistory = { iterations: [2, 4], f1: [0.25, 0.5] };
  const chart = historyChart({ history, epochHistory }, { metrics: ["f1"] });
  const text = JSON.stringify(chart);
  assertStringIncludes(text, "Epoch f1 reaches 0.5 at iteration 4");
  assertStringIncludes(text, '"datum":"epoch"');
});

Deno.test("historyChart() says from which epoch on the validation is not finite", () => {
  const run = exampleRun(200);
  const { subtitle } = historyChart({
    ...run,
    epochHistory: {
      ...run.epochHistory!,
      val_loss: Array.from(
        run.epochHistory!.val_loss,
        (value, i) => i < 6 ? value : NaN,
      ),
    },
  }).title;
  assertEquals(
    subtitle.at(-1),
    "validation loss not finite from iteration 140 on",
  );
});

Deno.test("historyChart() shows the fall of a loss that blows up", () => {
  for (const [steps, most] of [[30, 1e7], [100, 1e98]]) {
    const chart = historyChart(
      history(
        600,
        (i) =>
          i < 600 - steps
            ? 2.3 - i / 500
            : Math.min(most, 10 ** (i - 599 + steps)),
      ),
    );
    const smooth = panelsOf(chart)[1].layer.find((layer: Json) =>
      layer.name === "loss_smooth"
    );
    const { scale: { domain: [low, high] }, axis } = smooth.encoding.y;
    assert(low > 0.5 && low < 1.4, `low is ${low}`);
    assert(high > 2.3 && high < 4, `high is ${high}`);
    assertEquals(axis.format, ".6~g");
    assert(smooth.mark.clip);
    assertMatch(chart.title.subtitle.at(-1)!, /^loss clipped at [23]\.\d+$/);
  }
});

Deno.test("historyChart() writes hundreds without an exponent, and large numbers with one", async () => {
  for (
    const [top, expected] of [[600, "600"], [6e7, "6e+7"], [0.06, "0.06"]] as [
      number,
      string,
    ][]
  ) {
    const columns = history(601, (i) => top * (1 - i / 600));
    const rates = columns.loss.map((loss) => loss / 6);
    const svg = await toSvg(historyChart({ ...columns, lr: rates }), {
      embedFont: false,
    });
    const labels = [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)]
      .map(([, text]) => text);
    assert(labels.includes(expected), `${labels}`);
    assert(labels.includes(expected.replace("6", "1")), `${labels}`);
  }
});

Deno.test("historyChart() says nothing of clipping where it shows all of the trend", () => {
  const { subtitle } = historyChart(exampleRun(200)).title;
  assert(!subtitle.join().includes("clipped"));
});

Deno.test("historyChart() refuses a metric that was not recorded", () => {
  assertThrows(
    () => historyChart(exampleRun(20), { metrics: ["mse"] }),
    RangeError,
    "must be among loss, acc: current value is mse",
  );
});

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

/** A range with a grid of that many weight decays. */
function gridRange(count: number): LearningRateRange {
  const { learningRates, losses } = exampleRange();
  const range = LearningRateRange.fromCurve(learningRates, losses);
  const points = Array.from({ length: count }, (_, k) => {
    const values = losses.map((loss, i) => i > 60 + k ? NaN : loss + k / 10);
    return {
      label: `weight decay ${k}`,
      weightDecay: k,
      learningRates,
      values,
      trend: values,
      stopReason: "end" as const,
      verdict: "good" as const,
      best: Math.min(...values.filter(Number.isFinite)),
      bestLr: learningRates[40],
      noise: 0.1,
    };
  });
  return LearningRateRange.fromJSON({
    ...range.toJSON(),
    grid: {
      curve: "loss",
      better: "lower",
      points,
      best: 0,
      reason: "best-loss",
      advice: "Weight decay 0 is best: its loss comes to 1, the others' to 2.",
      cost: { trained: 9, evaluated: 0 },
    },
  });
}

Deno.test("gridChart() draws a curve and a dot for each value, of a range and its JSON alike", async () => {
  for (const count of [1, 3, 9]) {
    const range = gridRange(count);
    const chart = gridChart(range, { origin: "here" });
    assertEquals(
      JSON.stringify(gridChart(JSON.parse(JSON.stringify(range)), {
        origin: "here",
      })),
      JSON.stringify(chart),
    );
    assertEquals(
      chart.title.text.join(" "),
      "Weight decay 0 is best: its loss comes to 1, the others' to 2",
    );
    const { values } = chart.data as Json;
    assertEquals(new Set(values.map((row: Json) => row.point)).size, count);
    const [, marked] = chart.layer as Json[];
    assertEquals(marked.data.values.length, count);
    // Every curve is told from the others by its colour and dash.
    const [{ encoding }] = chart.layer as Json[];
    const looks = encoding.color.scale.range.map((color: string, i: number) =>
      `${color} ${encoding.strokeDash.scale.range[i]}`
    );
    assertEquals(new Set(looks).size, count);
    const svg = await toSvg(chart);
    assert(svg.includes("weight decay 0"));
  }
  assertThrows(
    () => gridChart(exampleRange()),
    TypeError,
    "the range must have one, of findLearningRate's option grid",
  );
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

Deno.test("rangeChart() shows most of a curve that only rises", () => {
  const { learningRates } = exampleRange();
  const losses = learningRates.map((rate) => 2.3 + 10 * rate);
  const chart = rangeChart(LearningRateRange.fromCurve(learningRates, losses));
  const [panel] = panelsOf(chart);
  const [low, high] = layerOf(panel, "loss_raw").encoding.y.scale.domain;
  const seen = losses.filter((loss) => low <= loss && loss <= high).length;
  assert(seen >= 0.7 * losses.length, `${seen}`);
});

Deno.test("historyChart() draws a single iteration away from the edges", () => {
  const [, panel] = panelsOf(
    historyChart({ iterations: [7], lr: [0.1], loss: [2] }),
  );
  assertEquals(panel.layer[0].encoding.x.scale.domain, [6, 8]);
});
