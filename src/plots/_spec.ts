/**
 * What all charts share: the frame of a specification, its configuration, and
 * the layers that recur. Pure objects; nothing here draws.
 */

import { FONT, LIGHT } from "./_palette.ts";
import { wrap } from "./_text_width.ts";

/** A JSON object of a Vega-Lite specification. */
// deno-lint-ignore no-explicit-any -- the grammar's own types are the renderer's, and nothing here may import it
export type Json = { [property: string]: any };

/**
 * A chart: a plain Vega-Lite specification (version 5 of the schema) with its
 * data inlined, so that `JSON.stringify(chart)` is all that any Vega-Lite tool
 * needs. In a Deno notebook it shows itself.
 */
export interface Chart extends Json {
  /** The version of the grammar: Vega-Lite 5. */
  $schema: string;
  /** One sentence for people who cannot see the picture. */
  description: string;
  /** The finding, and under it where it comes from. */
  title: Json;
}

/** Options of every chart. */
export interface ChartOptions {
  /** Replaces the finding that the chart states by itself. */
  readonly title?: string;
  /**
   * Where the numbers come from (model, data, backend, device), for the line
   * under the title.
   */
  readonly origin?: string;
}

/** Width of the plotting area; with axes the picture is 800 pixels wide. */
export const WIDTH = 704;

/**
 * Axis labels of six digits at most. Without a precision Vega takes that of the
 * step between ticks, and a step of 100 makes 600 "6e+2".
 */
export const NUMBER = ".6~g";

/** Six significant digits: more than a picture can show, and smaller. */
export function short(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(6)) : null;
}

/**
 * The parts every chart has, to be spread over its own: `facts` about the data
 * on one line of the subtitle, and what more is to be said under it.
 */
export function frame(
  title: string,
  facts: readonly string[],
  more: readonly string[] = [],
): Chart {
  const subtitle = [facts.filter(Boolean).join(" · "), ...more]
    .filter(Boolean).flatMap((line) => wrap(line, WIDTH, 12));
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    description: [title, ...subtitle].join(". "),
    title: { text: wrap(title, WIDTH, 16, true), subtitle },
    background: LIGHT.background,
    padding: { left: 12, right: 20, top: 14, bottom: 12 },
    config: {
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
    },
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
  [low, high]: readonly [number, number],
): Json[] {
  const far = 10 * (high - low);
  const [least, most] = [short(low - far), short(high + far)];
  return fields.map((field) => ({
    calculate: `isValid(datum.${field}) ? ` +
      `clamp(datum.${field}, ${least}, ${most}) : null`,
    as: reached(field),
  }));
}

/**
 * A layer that shows the point nearest to the pointer and its values. Charts
 * that do not move leave out every layer whose name starts with `hover`.
 */
export function hover(name: string, encoding: Json, color: string): Json {
  return {
    name: `hover_${name}`,
    params: [{
      name: `near_${name}`,
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
        condition: { param: `near_${name}`, value: 1, empty: false },
        value: 0,
      },
    },
  };
}

/** Zooming and panning along x, in all the `views` named. */
export function zoom(views: readonly string[]): Json {
  return {
    name: "zoom",
    select: { type: "interval", encodings: ["x"] },
    bind: "scales",
    views,
  };
}

/** The axis of iterations, labelled where `shown`. */
export function iterationAxis(
  first: number,
  last: number,
  shown = true,
): Json {
  return {
    field: "iteration",
    type: "quantitative",
    scale: { domain: [first, last], nice: false },
    axis: {
      title: shown ? "iteration" : null,
      labels: shown,
      ticks: shown,
      grid: false,
      format: ",d",
      tickMinStep: 1,
      tickCount: 8,
      labelOverlap: true,
      labelFlush: true,
    },
  };
}

/** The axis of learning rates, which does not start at zero. */
export function rateScale(rates: ArrayLike<number>): Json {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < rates.length; i++) {
    low = Math.min(low, rates[i]);
    high = Math.max(high, rates[i]);
  }
  const margin = 0.06 * (high - low) || Math.abs(high) * 0.1 || 1;
  return {
    field: "lr",
    type: "quantitative",
    scale: {
      domain: [
        short(low >= 0 ? Math.max(0, low - margin) : low - margin)!,
        short(high + margin)!,
      ],
      nice: false,
      zero: false,
    },
    axis: { title: "learning rate", tickCount: 4, format: NUMBER },
  };
}

/** More would be a curtain, not marks. */
const MARKED_CYCLES = 40;
const NUMBERED_CYCLES = 12;

/** Dotted lines at the ends of cycles, with their numbers where `numbered`. */
export function cycleMarks(
  ends: readonly number[],
  x: Json,
  numbered = false,
): Json[] {
  if (ends.length === 0 || ends.length > MARKED_CYCLES) return [];
  const values = ends.map((iteration, i) => ({
    iteration,
    cycle: `cycle ${i + 1}`,
  }));
  const marks: Json[] = [{
    data: { values },
    mark: { type: "rule", color: LIGHT.muted, strokeDash: [2, 3], clip: true },
    encoding: { x },
  }];
  if (numbered && ends.length <= NUMBERED_CYCLES) {
    marks.push({
      data: { values },
      mark: {
        type: "text",
        align: "right",
        baseline: "top",
        dx: -4,
        y: 2,
        fontSize: 11,
        color: LIGHT.muted,
        clip: true,
      },
      encoding: { x, text: { field: "cycle" } },
    });
  }
  return marks;
}
