import { checkKind } from "../runtime/check_given.ts";
import { show } from "../runtime/check_data.ts";
import { escapeHtml, figure, page } from "./page/page.ts";
import type { Chart } from "./look/grammar.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    title: 0,
  } satisfies Record<keyof HtmlOptions, 0>,
);

/** Options of {@linkcode toHtml}. */
export interface HtmlOptions {
  /**
   * The page's title.
   *
   * @default {"Learning rates"}
   */
  readonly title?: string;
}

/**
 * A page of charts that answer to the pointer: the wheel zooms on iterations or
 * rates, dragging moves, a double click shows all again, and what is nearest to
 * the pointer tells its values. One file of about 1 MB that opens offline,
 * light or dark as the viewer prefers. The same charts give the same bytes.
 * Needs `--allow-read`.
 *
 * @throws {TypeError} If `charts` are no list of charts, or an option is of another
 * kind.
 *
 * @example Write a page with a chart of a schedule
 * ```ts
 * import { scheduleChart, toHtml } from "@clr/clr/plots";
 *
 * const halved = (iteration: number) => 0.1 / 2 ** Math.floor(iteration / 1000);
 * const html = await toHtml([scheduleChart(halved, 5000)]);
 * await Deno.writeTextFile(await Deno.makeTempFile({ suffix: ".html" }), html);
 * ```
 */
export function toHtml(
  charts: readonly Chart[],
  options: HtmlOptions = {},
): Promise<string> {
  checkNames("make a page", options, NAMES);
  if (!Array.isArray(charts)) {
    throw new TypeError(
      `Cannot make a page as charts must be an array of them: current value is ${
        show(charts)
      }`,
    );
  }
  const { title = "Learning rates" } = options;
  checkKind(
    "make a page",
    { name: "title", value: title, must: "text" },
    typeof title === "string",
  );
  const figures = charts.map((chart, i) => figure(i, chart)).join("\n");
  return page(title, `<h1>${escapeHtml(title)}</h1>\n${figures}`, charts);
}
