import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { CyclicLR } from "@clr/clr";
import {
  type Chart,
  historyChart,
  rangeChart,
  scheduleChart,
  toPng,
  toSvg,
} from "@clr/clr/plots";
import { exampleRange, exampleRun } from "./_data.ts";

/** The points of the longest line of the colour, in its panel's pixels. */
function linePoints(svg: string, color: string): [number, number][] {
  const lines = [...svg.matchAll(/<path [^>]*?d="(M[^"]*)"[^>]*>/g)]
    .filter(([element]) =>
      element.includes(`stroke="${color}"`) && element.includes("line mark")
    )
    .map(([, d]) =>
      [...d.matchAll(/[ML](-?[\d.e-]+),(-?[\d.e-]+)/g)]
        .map(([, x, y]): [number, number] => [Number(x), Number(y)])
    );
  return lines.sort((a, b) => b.length - a.length)[0];
}

/** Where the symbols of the colour are, in their panel's pixels. */
function symbols(svg: string, color: string): [number, number][] {
  return [...svg.matchAll(/<path [^>]*aria-roledescription="point"[^>]*>/g)]
    .map(([element]) => element)
    .filter((element) => element.includes(`fill="${color}"`))
    .map((element) => {
      const [, x, y] = /translate\(([-\d.]+),([-\d.]+)\)/.exec(element)!;
      return [Number(x), Number(y)];
    });
}

const BLUE = "#0072b2";
const INK = "#1f2933";
const WIDTH = 704;

Deno.test("toSvg() draws the peak of a schedule where it is", async () => {
  const clr = new CyclicLR({ stepSize: 300, stepSizeDown: 700 });
  const svg = await toSvg(scheduleChart(clr, 1000), { embedFont: false });
  const points = linePoints(svg, BLUE);
  const [x, top] = points.reduce((a, b) => b[1] < a[1] ? b : a);
  assertAlmostEquals(x, 0.3 * WIDTH, 0.5);
  // The axis leaves 6 % above and below the extremes of 0.001 and 0.006.
  const bottom = Math.max(...points.map(([, y]) => y));
  assertAlmostEquals((bottom - top) / 300, 1 / 1.12, 0.01);
});

Deno.test("toSvg() draws both bounds of a range on its curve", async () => {
  const range = exampleRange();
  const svg = await toSvg(rangeChart(range), { embedFont: false });
  const curve = linePoints(svg, INK);
  const [base, max] = symbols(svg, BLUE);
  const decades = Math.log(range.learningRates.at(-1)! / 1e-5);
  for (
    const [[x, y], rate] of [[base, range.baseLr], [max, range.maxLr]] as [
      [number, number],
      number,
    ][]
  ) {
    assertAlmostEquals(x, WIDTH * Math.log(rate / 1e-5) / decades, 0.5);
    const right = curve.findIndex((point) => point[0] >= x);
    const [[x0, y0], [x1, y1]] = [curve[right - 1], curve[right]];
    assertAlmostEquals(y, y0 + (y1 - y0) * (x - x0) / (x1 - x0), 0.5);
  }
});

Deno.test("toSvg() gives the same bytes each time, also side by side", async () => {
  const charts = [
    () => historyChart(exampleRun()),
    () => rangeChart(exampleRange()),
  ];
  const alone = [await toSvg(charts[0]()), await toSvg(charts[1]())];
  const together = await Promise.all(
    [0, 1, 0, 1].map((i) => toSvg(charts[i]())),
  );
  assertEquals(together, [alone[0], alone[1], alone[0], alone[1]]);
});

Deno.test("toSvg() needs nothing from elsewhere", async () => {
  const svg = await toSvg(rangeChart(exampleRange()));
  const addresses = [...svg.matchAll(/(?:href=|url\()["']?([^"')]+)/g)]
    .map(([, address]) => address)
    .filter((address) => !/^(data:|#)/.test(address));
  assertEquals(addresses, []);
  assertStringIncludes(svg, "@font-face");
  assertStringIncludes(svg, "font/woff2;base64,d09GMg");
});

Deno.test("toSvg() follows a dark screen, and theme chooses by itself", async () => {
  const chart = scheduleChart((t) => t, 10);
  const auto = await toSvg(chart, { embedFont: false });
  assertStringIncludes(auto, "@media screen and (prefers-color-scheme:dark)");
  const light = await toSvg(chart, { embedFont: false, theme: "light" });
  assertEquals(light.includes("prefers-color-scheme"), false);
  const dark = await toSvg(chart, { embedFont: false, theme: "dark" });
  assertStringIncludes(dark, "#14181d");
  assertEquals(dark.includes("#ffffff"), false);
  assertNotEquals(dark, light);
});

Deno.test("toSvg() leaves the chart as it was", async () => {
  const chart = historyChart(exampleRun());
  const before = JSON.stringify(chart);
  await toSvg(chart, { theme: "dark" });
  assertEquals(JSON.stringify(chart), before);
});

Deno.test("toSvg() escapes what people write into titles", async () => {
  const chart = scheduleChart(() => 1, 10, { title: "<b>&\"'" });
  const svg = await toSvg(chart, { embedFont: false });
  assertEquals(svg.includes("<b>"), false);
  assertStringIncludes(svg, "&lt;b&gt;&amp;");
});

Deno.test("toSvg() and toPng() draw names with characters that XML cannot hold", async () => {
  // As names of files, and of metrics that a terminal coloured, may have them.
  const name = "a\0b\x1b[31m\ud800\uffff";
  const column = [3, 2, 1];
  const run = { iterations: [1, 2, 3], lr: column, [name]: column };
  const chart = historyChart(run, { title: name, origin: name });
  const svg = await toSvg(chart, { embedFont: false });
  assertEquals(svg.match(/[^\t\n\r -\ud7ff\ue000-\ufffd]/), null);
  assertStringIncludes(svg, "a\ufffdb\ufffd[31m\ufffd\ufffd");
  assert((await toPng(chart)).length > 1000);
});

Deno.test("charts show themselves in a notebook as Vega-Lite, SVG and text", async () => {
  const chart = scheduleChart(() => 1, 10);
  const display = (chart as Chart & {
    [key: symbol]: () => Promise<Record<string, unknown>>;
  })[Symbol.for("Jupyter.display")];
  const shown = await display.call(chart);
  assertEquals(shown["application/vnd.vegalite.v5+json"], chart);
  assert((shown["image/svg+xml"] as string).startsWith("<svg"));
  assertEquals(shown["text/plain"], chart.description);
});

Deno.test("toSvg() gives the clips of each picture names of their own, for pages with several", async () => {
  const idsIn = (svg: string) =>
    [...svg.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  const [range, run] = await Promise.all(
    [rangeChart(exampleRange()), historyChart(exampleRun())].map((chart) =>
      toSvg(chart)
    ),
  );
  for (const svg of [range, run]) {
    const ids = idsIn(svg);
    assert(ids.length > 0);
    const used = [...svg.matchAll(/url\(#([^)]+)\)/g)].map(([, id]) => id);
    assertEquals(new Set(used), new Set(ids));
  }
  assertEquals(idsIn(range).filter((id) => idsIn(run).includes(id)), []);
});
