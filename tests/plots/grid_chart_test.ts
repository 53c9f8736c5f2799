import { assert, assertEquals, assertThrows } from "@std/assert";
import { LearningRateRange } from "@clr/clr";
import { gridChart, toSvg } from "@clr/clr/plots";
import { exampleRange } from "./_data.ts";
import type { Json } from "./_layers.ts";

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
