/** The frame of every page: one file that needs no other and no network. */

import "vega";
import "vega-embed";
import "vega-lite";
import { readPackageText } from "../../runtime/package_file.ts";
import { fontRules } from "../look/fonts.ts";
import { DARK, darkRules, LIGHT, type Role } from "../look/palette.ts";
import { FIT_PARTS } from "./fit_chart.ts";
import { drawCharts } from "./page_script.ts";
import { type Chart, specOf } from "../look/grammar.ts";
import { scriptText } from "./script_text.ts";

/** Text as it may stand in HTML, also within quotes. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A value as JSON that cannot end the script element it stands in. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

function variables(palette: Readonly<Record<Role, string>>): string {
  return Object.entries(palette).map(([role, color]) => `--${role}:${color}`)
    .join(";");
}

/** The libraries that draw in the browser, as one script. */
export async function vegaScript(): Promise<string> {
  const parts = await Promise.all([
    readPackageText("vega", "vega.min.js"),
    readPackageText("vega-lite", "vega-lite.min.js"),
    readPackageText("vega-embed", "vega-embed.min.js"),
  ]);
  // Their source maps are not in the page.
  return parts.join("\n").replaceAll(/\/\/# sourceMappingURL=.*/g, "");
}

/** The style of all pages. */
export async function pageStyle(): Promise<string> {
  return `${await fontRules()}
:root{${variables(LIGHT)};color-scheme:light dark}
@media screen and (prefers-color-scheme:dark){:root{${variables(DARK)}}}
${darkRules()}
*{box-sizing:border-box}
body{margin:0 auto;padding:24px 20px 48px;max-width:1080px;background:var(--background);color:var(--ink);font:15px/1.5 Inter,system-ui,sans-serif}
h1{font-size:24px;line-height:1.25;margin:8px 0 4px}
h2{font-size:17px;margin:36px 0 8px;break-after:avoid}
p{margin:4px 0 12px;color:var(--muted);max-width:75ch}
figure{margin:12px 0 28px;min-height:120px;break-inside:avoid}
.vega-embed{width:100%}
.vega-embed svg.marks{background-color:var(--background)!important}
.vega-embed summary{opacity:.35!important;color:#1f2933}
.vega-embed summary:hover,.vega-embed[open] summary{opacity:1!important}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:13px}
th,td{padding:4px 10px;text-align:right;border-bottom:1px solid var(--grid)}
th{font-weight:600}
th[scope=row]{text-align:left}
.scroll{overflow-x:auto}
#vg-tooltip-element.vg-tooltip.custom-theme{background:var(--background);color:var(--ink);border:1px solid var(--grid);border-radius:6px;padding:8px 10px;font:13px Inter,system-ui,sans-serif;box-shadow:0 2px 10px #0003}
#vg-tooltip-element.vg-tooltip.custom-theme td{border:0;padding:1px 4px;text-align:left}
#vg-tooltip-element.vg-tooltip.custom-theme td.key{color:var(--muted);text-align:right}
@page{margin:14mm}
@media print{body{padding:0}.vega-embed{display:block!important}.vega-embed svg{max-width:100%;height:auto}.vega-embed details{display:none}h2+p{break-after:avoid}tr,.confusion{break-inside:avoid}}`;
}

/** The element in which chart number `index` is drawn. */
export function figure(index: number, chart: Chart, name?: string): string {
  return `<figure id="chart-${index}" role="group" aria-label="${
    escapeHtml(specOf(chart).description)
  }" data-name="${escapeHtml(name ?? `chart-${index + 1}`)}"></figure>`;
}

/** A whole page: `body` has a {@linkcode figure} for each of the charts. */
export async function page(
  title: string,
  body: string,
  charts: readonly Chart[],
): Promise<string> {
  const drawn = charts.length === 0 ? "" : `
<script type="application/json" id="charts">${
    scriptJson(charts.map((chart) => {
      const { $schema: _, ...rest } = specOf(chart);
      return rest;
    }))
  }</script>
<script>${await vegaScript()}</script>
<script>${
    scriptText({ ...FIT_PARTS, drawCharts })
  }drawCharts(globalThis)</script>`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${await pageStyle()}</style>
</head>
<body>
${body}${drawn}
</body>
</html>
`;
}
