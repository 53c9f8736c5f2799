import type { Chart } from "@clr/clr/plots";
import { LIGHT } from "../../../src/plots/look/palette.ts";
import { frame, WIDTH } from "../../../src/plots/look/spec.ts";
import type { Outcome } from "./compare.ts";
import { verdictOf } from "./report.ts";

/** What the names of the plans take beside the plotting area, in pixels. */
const NAMES_WIDTH = 150;

/** The plan that the headline speaks of: the paper's. */
const PLAN = "triangular";

/** What a plan comes to over all problems, in a sentence. */
export function headline(outcomes: readonly Outcome[]): string {
  const judged = outcomes.flatMap(({ plans, problem }) =>
    plans.filter(({ name }) => name === PLAN).map(({ difference, share }) => ({
      problem: problem.name,
      verdict: verdictOf(difference),
      share: Math.round(100 * share),
    }))
  );
  const shares = judged.map(({ share }) => share);
  const [low, high] = [Math.min(...shares), Math.max(...shares)];
  const parts = [
    ["better than", "better"],
    ["level with", "level"],
    ["worse than", "worse"],
    ["not to be told from", "cannot be said"],
  ].flatMap(([words, verdict]) => {
    const on = judged.filter((one) => one.verdict === verdict)
      .map(({ problem }) => problem);
    return on.length === 0 ? [] : [`${words} its best on ${on.join(", ")}`];
  });
  return `One range test and triangular cycles cost ${
    low === high ? low : `${low} to ${high}`
  } % of a search over ${outcomes[0].grid.length} rates, and are ${
    parts.join("; ")
  }`;
}

/** The differences to the best rate with their intervals, a panel a problem. */
export function differencesChart(
  outcomes: readonly Outcome[],
  origin: string,
): Chart {
  const title = headline(outcomes);
  const names = [
    ...new Set(outcomes.flatMap(({ plans }) => plans.map(({ name }) => name))),
  ];
  const panels = outcomes.map(({ problem, plans, best }) => {
    const means = plans.map(({ difference }) => difference.mean);
    const [least, most] = [Math.min(0, ...means), Math.max(0, ...means)];
    const margin = Math.max(1, (most - least) / 2);
    const domain = [least - margin, most + margin];
    // An interval that goes on beyond the means' surroundings ends at the edge.
    const within = (value: number) =>
      Math.max(domain[0], Math.min(domain[1], value));
    const values = plans.map(({ name, difference }) => ({
      plan: name,
      mean: within(difference.mean),
      low: within(difference.low),
      high: within(difference.high),
    }));
    const x = (field: string) => ({
      field,
      type: "quantitative" as const,
      scale: { domain },
      title: `${problem.name}: points against fixed ${best.lr}`,
    });
    const y = {
      field: "plan",
      type: "nominal" as const,
      sort: names,
      title: null,
    };
    return {
      width: WIDTH - NAMES_WIDTH,
      height: 22 * names.length,
      data: { values },
      layer: [
        {
          data: { values: [{ zero: 0 }] },
          mark: { type: "rule", color: LIGHT.muted, strokeDash: [4, 3] },
          encoding: { x: x("zero") },
        },
        {
          mark: { type: "rule", strokeWidth: 2, color: LIGHT.blue },
          encoding: { x: x("low"), x2: { field: "high" }, y },
        },
        {
          mark: {
            type: "point",
            filled: true,
            size: 60,
            opacity: 1,
            color: LIGHT.blue,
          },
          encoding: { x: x("mean"), y },
        },
      ],
    };
  });
  return {
    ...frame(title, ["means and 95 % intervals, paired by seed"], [origin]),
    vconcat: panels,
  };
}
