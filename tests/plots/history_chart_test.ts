import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { CyclicLR } from "@clr/clr";
import { historyChart, toSvg } from "@clr/clr/plots";
import { exampleRun, lossHistory } from "./_data.ts";
import { type Json, panelsOf } from "./_layers.ts";

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

for (const length of [600, 60_000]) {
  Deno.test(`historyChart() ends its lines where the loss is no longer finite, of ${length} iterations`, () => {
    const half = length / 2;
    const chart = historyChart(
      lossHistory(length, (i) => i < half ? 2 - i / length : NaN),
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
      lossHistory(length, (i) => i >= start && i < end ? NaN : 2 - i / length),
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
  const columns = lossHistory(600, () => 1);
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
      lossHistory(
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
    const columns = lossHistory(601, (i) => top * (1 - i / 600));
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

Deno.test("historyChart() draws a single iteration away from the edges", () => {
  const [, panel] = panelsOf(
    historyChart({ iterations: [7], lr: [0.1], loss: [2] }),
  );
  assertEquals(panel.layer[0].encoding.x.scale.domain, [6, 8]);
});

Deno.test("historyChart() refuses more panels than anybody looks at", () => {
  const column = [3, 2, 1];
  const run = {
    iterations: [1, 2, 3],
    lr: column,
    ...Object.fromEntries(
      Array.from({ length: 3000 }, (_, i) => [`unit_${i}`, column]),
    ),
  };
  assertThrows(
    () => historyChart(run),
    RangeError,
    "Cannot draw a history as it must have at most 100 metrics: current value is 3000; say which by options.metrics",
  );
  const metrics = ["unit_2999", "unit_7"];
  assertEquals(panelsOf(historyChart(run, { metrics })).length, 3);
});

Deno.test("historyChart() refuses iterations that go back, as of two runs one after the other", () => {
  const history = { iterations: [1, 2, 3, 1], loss: [3, 2, 1, 3] };
  assertThrows(
    () => historyChart(history),
    RangeError,
    "iterations must ascend: current value is 1 after 3",
  );
  assertThrows(
    () => historyChart({ iterations: new Set([1]), loss: [1] } as never),
    TypeError,
    "iterations must be a list of numbers: current value is a Set",
  );
});

Deno.test("historyChart() sorts what it draws as numbers", () => {
  // As text, 10 would come before 9; of −0 and 0 either is the least.
  const loss = [9, 10, 100, 1000, 0, -0, -5, 1e-7];
  const iterations = loss.map((_, i) => i + 1);
  const chart = historyChart({ iterations, loss });
  const text = JSON.stringify(chart);
  const ordered = historyChart({ iterations, loss: Float64Array.from(loss) });
  assertEquals(text, JSON.stringify(ordered));
});
