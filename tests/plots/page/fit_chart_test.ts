import { assert, assertEquals } from "@std/assert";
import {
  embedFitting,
  fitChart,
  fitLegends,
  type FittedChart,
} from "../../../src/plots/page/fit_chart.ts";

/** Ten pixels a character. */
const measure = (text: string) => 10 * text.length;

function chartOf(names: string[], columns?: number): FittedChart {
  return {
    title: {
      text: ["A finding that goes on", "for a while"],
      subtitle: ["100 iterations", "from one to the other of two machines"],
    },
    vconcat: [{
      layer: [{
        mark: "line",
        encoding: {
          color: {
            datum: "a",
            scale: { domain: names },
            legend: { symbolType: "stroke", columns },
          },
        },
      }],
    }],
  };
}

// deno-lint-ignore no-explicit-any
const legendOf = (chart: any) =>
  chart.vconcat[0].layer[0].encoding.color.legend;

Deno.test("fitChart() wraps the lines of titles to a narrow figure, and joins none of the subtitle", () => {
  const chart = chartOf(["a"]);
  fitChart(chart, { figure: 390, beside: 96, measure });
  assertEquals(chart.vconcat?.[0].width, 294);
  assertEquals(chart.title, {
    text: ["A finding that goes on for", "a while"],
    subtitle: ["100 iterations", "from one to the other of", "two machines"],
  });
  const wide = chartOf(["a"]);
  fitChart(wide, { figure: 2000, beside: 96, measure });
  assertEquals(wide.vconcat?.[0].width, 1000);
  assertEquals(wide.title, {
    text: ["A finding that goes on for a while"],
    subtitle: ["100 iterations", "from one to the other of two machines"],
  });
});

Deno.test("fitLegends() gives a legend the columns that there is room for", () => {
  const names = ["batch", "batch, smoothed", "validation"];
  // With a symbol each: 66, 166 and 116 pixels, and 18 between two.
  for (
    const [room, columns] of [[384, 3], [383, 2], [300, 2], [299, 1], [50, 1]]
  ) {
    const chart = chartOf(names);
    fitLegends(chart, room, measure);
    assertEquals(legendOf(chart).columns, columns, `${room}`);
    assert(legendOf(chart).labelLimit <= room);
  }
  const given = chartOf(["a", "b", "c", "d"], 2);
  fitLegends(given, 1000, measure);
  assertEquals(legendOf(given).columns, 2);
});

Deno.test("embedFitting() draws again where labels are wider than usual", async () => {
  const chart = chartOf(["a"]);
  const widths: unknown[] = [];
  let labels = 110;
  const draw = () =>
    embedFitting(chart, {
      figure: {
        clientWidth: 390,
        querySelector: () => ({
          clientWidth: Number(chart.vconcat?.[0].width) + labels,
        }),
      },
      measure,
      embed: () => Promise.resolve(widths.push(chart.vconcat?.[0].width)),
    });
  await draw();
  assertEquals(widths, [294, 280]);
  labels = 90;
  await draw();
  assertEquals(widths, [294, 280, 294]);
});
