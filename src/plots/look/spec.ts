/**
 * What all charts share: the frame of a specification, its configuration, and
 * the layers that recur. Pure objects; nothing here draws.
 */

import type {
  Encoding,
  Layer,
  Limits,
  Parameter,
  Settings,
  Transform,
} from "./grammar.ts";
import { FONT, LIGHT } from "./palette.ts";
import { wrap } from "../../runtime/wrap.ts";
import { textWidth } from "./text_width.ts";

/** Width of the plotting area; with axes the picture is 800 pixels wide. */
export const WIDTH = 704;

/** Six significant digits: more than a picture can show, and smaller. */
export function short(value: number | null | undefined): number | null {
  return Number.isFinite(value) ? Number(value!.toPrecision(6)) : null;
}

/** As far as it is finite, which limits are. */
export function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

const CONFIG: Settings = {
  font: FONT,
  title: {
    anchor: "start",
    frame: "group",
    color: LIGHT.ink,
    fontSize: 16,
    fontWeight: 600,
    subtitleColor: LIGHT.muted,
    subtitleFontSize: 12,
    subtitleLineHeight: 16,
    subtitlePadding: 4,
    offset: 14,
  },
  axis: {
    labelColor: LIGHT.muted,
    labelFontSize: 12,
    titleColor: LIGHT.ink,
    titleFontSize: 12,
    titleFontWeight: 400,
    titlePadding: 8,
    domainColor: LIGHT.muted,
    tickColor: LIGHT.muted,
    gridColor: LIGHT.grid,
    labelFlush: false,
  },
  axisY: { minExtent: 42 },
  legend: {
    orient: "top",
    direction: "horizontal",
    title: null,
    labelColor: LIGHT.ink,
    labelFontSize: 12,
    labelLimit: 240,
    symbolStrokeWidth: 2,
    offset: 6,
    columnPadding: 18,
  },
  view: { stroke: null },
  line: { strokeJoin: "round" },
};

/** How every chart looks. */
export function look() {
  return {
    background: LIGHT.background,
    padding: { left: 12, right: 20, top: 14, bottom: 12 },
    config: CONFIG,
  };
}

/** Lines no wider than a chart, also where a word is, such as a long name. */
function linesOf(text: string, measure: (line: string) => number): string[] {
  return wrap(text, WIDTH, measure).flatMap((line) => {
    const pieces = [""];
    for (const character of line) {
      const longer = pieces[pieces.length - 1] + character;
      if (measure(longer) <= WIDTH) pieces[pieces.length - 1] = longer;
      else pieces.push(character);
    }
    return pieces;
  });
}

/**
 * The parts every chart has, to be spread over its own: `facts` about the data
 * on one line of the subtitle, and what more is to be said under it.
 */
export function frame(
  title: string,
  facts: readonly string[],
  more: readonly string[] = [],
) {
  const measure = (line: string) => textWidth(line, 12);
  const joined: string[] = [];
  for (const fact of facts.filter(Boolean)) {
    const longer = `${joined.at(-1)} · ${fact}`;
    if (joined.length > 0 && measure(longer) <= WIDTH) {
      joined[joined.length - 1] = longer;
    } else joined.push(fact);
  }
  const subtitle = [...joined, ...more].filter(Boolean)
    .flatMap((text) => linesOf(text, measure));
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    description: [title, ...subtitle].join(". "),
    title: {
      text: linesOf(title, (line) => textWidth(line, 16, true)),
      subtitle,
    },
    ...look(),
  };
}

/** Drawn at its field, which {@linkcode inReach} makes. */
export function reached(field: string): string {
  return `${field}_drawn`;
}

/**
 * Transforms for what is drawn beyond a fixed domain and clipped there: no further
 * than ten heights of it, as renderers lose a line that goes on for 1e9 pixels.
 * The fields keep their values, which tooltips show.
 */
export function inReach(
  fields: readonly string[],
  [low, high]: Limits,
): Transform[] {
  const far = 10 * (high - low);
  const [least, most] = [short(low - far), short(high + far)];
  return fields.map((field) => ({
    calculate: `isValid(datum.${field}) ? ` +
      `clamp(datum.${field}, ${least}, ${most}) : null`,
    as: reached(field),
  }));
}

/** Of so few values each has a dot: a line needs two. */
const DOTTED = 30;

/** The dots on a line of that many values. */
export function dots(count: number): { size: number } | false {
  return count <= DOTTED && { size: 30 };
}

/** A name for layers and parameters, which are variables to Vega. */
export function identifier(name: string): string {
  return name.replaceAll(/\W/g, "_");
}

/**
 * A layer that shows the point nearest to the pointer and its values. Charts
 * that do not move leave out every layer whose name starts with `hover`.
 */
export function hover(
  name: string,
  encoding: Encoding,
  color: string,
): Layer {
  const near = `near_${identifier(name)}`;
  return {
    name: `hover_${name}`,
    params: [{
      name: near,
      select: {
        type: "point",
        on: "pointermove",
        clear: "pointerout",
        nearest: true,
      },
    }],
    mark: { type: "point", filled: true, size: 70, color, clip: true },
    encoding: {
      ...encoding,
      opacity: {
        condition: { param: near, value: 1, empty: false },
        value: 0,
      },
    },
  };
}

/** Zooming and panning along x, in all the `views` named. */
export function zoom(views: string[]): Parameter {
  return {
    name: "zoom",
    select: { type: "interval", encodings: ["x"] },
    bind: "scales",
    views,
  };
}
