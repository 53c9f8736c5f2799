import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { hasPackageFiles } from "../runtime/package_file.ts";
import { fontRules } from "./look/fonts.ts";
import { darkened, darkRules } from "./look/palette.ts";
import { type Chart, type Panel, specOf } from "./look/grammar.ts";
import { textWidth } from "./look/text_width.ts";
import { checkOptions, flag, oneOf } from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    theme: 0,
    embedFont: 0,
  } satisfies Record<keyof SvgOptions, 0>,
);

// Vega's place for a measure of one's own, which its types leave out. With a
// canvas it would measure whatever font the machine has, and the same chart
// would not give the same bytes.
const { textMetrics } = vega as unknown as {
  textMetrics: {
    width(
      item: {
        fontSize?: number;
        fontWeight?: string | number;
        /** How wide it may be; Vega cuts it short. */
        limit?: number;
      },
      text: unknown,
    ): number;
  };
};
textMetrics.width = ({ fontSize = 11, fontWeight, limit }, text) =>
  Math.min(
    limit || Infinity,
    textWidth(
      String(text ?? ""),
      fontSize,
      fontWeight === "bold" || Number(fontWeight) >= 600,
    ),
  );

/** Options of {@linkcode toSvg}. */
export interface SvgOptions {
  /**
   * The colours: `"auto"` follows the viewer's light or dark setting and is
   * light in print, in browsers and wherever style sheets are heeded; elsewhere
   * it is light.
   *
   * @default {"auto"}
   */
  readonly theme?: "auto" | "light" | "dark";
  /**
   * Whether the bundled font goes into the file, so that the text looks the
   * same everywhere; it adds 64 KiB, and reading it needs `--allow-read`.
   * Without it the viewer's sans-serif font is used. A browser, which has no
   * files, cannot embed it.
   *
   * @default {true, except in a browser}
   */
  readonly embedFont?: boolean;
}

/** A layer of a still picture, which has no pointer to answer to. */
function still(panel: Panel): Panel {
  return {
    ...panel,
    layer: panel.layer.filter(({ name }) => !name?.startsWith("hover")),
  };
}

/** The chart without what only answers to a pointer. */
function stillChart(chart: Chart): TopLevelSpec {
  // The grammar has not changed in what these charts use; its version has.
  const { $schema: _, params: __, ...rest } = specOf(chart);
  return rest.vconcat
    ? { ...rest, vconcat: rest.vconcat.map(still) }
    : { ...rest, ...still(rest) };
}

/** A few characters that another text hardly has (FNV-1a of 32 bits). */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0).toString(36);
}

const REFERENCE = /(id="|url\(#)([A-Za-z_]+?)_?(\d+)(?=["\)])/g;

/**
 * Clip paths are numbered through the process; here through the picture, whose
 * fingerprint they bear: pictures in one page share their names.
 */
function renumbered(svg: string): string {
  const ids = new Map<string, string>();
  const numbered = svg.replaceAll(REFERENCE, (_, before, name, number) => {
    const key = `${name}${number}`;
    if (!ids.has(key)) ids.set(key, `${name}${ids.size}`);
    return before + ids.get(key);
  });
  return numbered.replaceAll(REFERENCE, `$&-${fingerprint(numbered)}`);
}

/** What XML cannot hold, not as a reference either, but names may have. */
// deno-lint-ignore no-control-regex -- these are what it looks for
const NO_XML = /[\0-\x08\v\f\x0e-\x1f\ufffe\uffff]/g;

/**
 * Draws a chart as SVG. The same chart gives the same bytes.
 *
 * @throws {TypeError} If `chart` is none, or an option is of another kind.
 *
 * @example Write a chart of a schedule
 * ```ts
 * import { scheduleChart, toSvg } from "@clr/clr/plots";
 *
 * const halved = (iteration: number) => 0.1 / 2 ** Math.floor(iteration / 1000);
 * const svg = await toSvg(scheduleChart(halved, 5000));
 * console.log(svg.slice(0, 4)); // <svg
 * ```
 */
export async function toSvg(
  chart: Chart,
  options: SvgOptions = {},
): Promise<string> {
  checkNames("draw an SVG", options, NAMES);
  checkOptions("draw an SVG", options, {
    theme: oneOf("auto", "light", "dark"),
    embedFont: flag,
  });
  const { theme = "auto", embedFont = hasPackageFiles() } = options;
  const spec = stillChart(theme === "dark" ? darkened(chart) : chart);
  const view = new vega.View(vega.parse(compile(spec).spec), {
    renderer: "none",
  });
  let svg: string;
  try {
    svg = renumbered(await view.toSVG()).toWellFormed()
      .replaceAll(NO_XML, "\ufffd");
  } finally {
    view.finalize();
  }
  const rules = (embedFont ? await fontRules() : "") +
    (theme === "auto" ? darkRules() : "");
  return rules ? svg.replace(/^<svg[^>]*>/, `$&<style>${rules}</style>`) : svg;
}
