import type { Chart } from "./_spec.ts";

/** Gives a chart the means to show itself in Deno's notebook kernel. */
export function displayed(chart: Chart): Chart {
  // Not enumerable, so that the chart remains equal to its own JSON.
  return Object.defineProperty(chart, Symbol.for("Jupyter.display"), {
    value: async () => {
      const { toSvg } = await import("./to_svg.ts");
      return {
        "application/vnd.vegalite.v5+json": chart,
        "image/svg+xml": await toSvg(chart, {
          theme: "light",
          embedFont: false,
        }),
        "text/plain": chart.description,
      };
    },
  });
}
