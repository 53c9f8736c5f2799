import { LIVE_PARTS, type LiveSettings } from "./_live_script.ts";
import type { LiveFiles } from "./_live_server.ts";
import { escapeHtml, pageStyle, scriptJson, vegaScript } from "../page/page.ts";
import { scriptText } from "../page/script_text.ts";

const STYLE = `
#state{display:inline-block;padding:2px 12px;border-radius:99px;font-size:13px;font-weight:600;border:1px solid currentColor}
#state[data-state=running]{color:var(--blue)}
#state[data-state=ended]{color:var(--green)}
#state[data-state=unreachable]{color:var(--orange)}
#bar{height:6px;border-radius:3px;background:var(--grid);margin:14px 0}
#progress{height:6px;border-radius:3px;background:var(--blue);width:0}
dl{display:flex;flex-wrap:wrap;gap:6px 36px;margin:0 0 8px}
dt{font-size:12px;color:var(--muted)}
dd{margin:0;font-size:16px;font-variant-numeric:tabular-nums}
#chart{min-height:520px}
#chart summary{top:-20px}`;

/** The live page's markup, style and scripts. */
export async function liveFiles(
  title: string,
  settings: LiveSettings,
): Promise<LiveFiles> {
  const [style, vega] = await Promise.all([pageStyle(), vegaScript()]);
  const html = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${style}${STYLE}</style>
</head>
<body>
<h1 id="title">${escapeHtml(title)}</h1>
<p><span id="state" role="status" data-state="unreachable">connecting</span>&ensp;<span id="message"></span></p>
<div id="bar"><div id="progress"></div></div>
<dl>
<div><dt>iteration</dt><dd id="iteration">–</dd></div>
<div><dt>learning rate</dt><dd id="rate">–</dd></div>
<div><dt>last batch</dt><dd id="metrics">–</dd></div>
</dl>
<p id="facts"></p>
<figure id="chart"></figure>
<script src="/vega.js"></script>
<script src="/page.js"></script>
</body>
</html>
`;
  const script = `${scriptText(LIVE_PARTS)}followRun(globalThis,${
    scriptJson(settings)
  });\n`;
  return { html, script, vega };
}
