import type { Chart } from "./look/grammar.ts";

/** Gives a chart the means to show itself in Deno's notebook kernel. */
export function displayed(chart: Chart): Chart {
  // Not enumerable, so that the chart remains equal to its own JSON.
  return Object.defineProperty(chart, Symbol.for("Jupyter.display"), {
    value: async () => {
      const { toSvg } = await import("./to_svg.ts");
      return {
        "application/vnd.vegalite.v5+json": chart,
        // With the font that it is laid out for, which notebooks need not have.
        "image/svg+xml": await toSvg(chart, { theme: "light" }),
        "text/plain": chart.description,
      };
    },
  });
}
