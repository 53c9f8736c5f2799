/** The parts of Vega-Lite's grammar that charts are made of, in its own types. */

import { show, text } from "../../runtime/check_data.ts";
import type { TopLevelSpec } from "vega-lite";

type LayeredSpec = Extract<TopLevelSpec, { layer: unknown }>;
type StackedSpec = Extract<TopLevelSpec, { vconcat: unknown }>;

/** A view of several layers over the same axes. */
export type Panel = Extract<StackedSpec["vconcat"][number], { layer: unknown }>;

/** A mark with its data and how they are encoded. */
export type Layer = Extract<Panel["layer"][number], { mark: unknown }>;

/** How data become positions, colours and text. */
export type Encoding = NonNullable<Layer["encoding"]>;

/** The position along x. */
export type XPosition = NonNullable<Encoding["x"]>;

/** The position along y. */
export type YPosition = NonNullable<Encoding["y"]>;

/** The colour. */
export type Color = NonNullable<Encoding["color"]>;

/** What is told of the point under the pointer. */
export type Tooltip = Exclude<
  Extract<NonNullable<Encoding["tooltip"]>, readonly unknown[]>,
  null
>;

/** What is made of data before they are drawn. */
export type Transform = NonNullable<Layer["transform"]>[number];

/** What a chart answers to. */
export type Parameter = NonNullable<StackedSpec["params"]>[number];

/** The settings of a whole chart. */
export type Settings = NonNullable<StackedSpec["config"]>;

/** The first and the last value of an axis, or what marks span. */
export type Limits = [low: number, high: number];

/**
 * A chart: a plain Vega-Lite specification (version 5 of the schema) with its
 * data inlined, so that `JSON.stringify(chart)` is all that any Vega-Lite tool
 * needs. In a Deno notebook it shows itself.
 */
export interface Chart {
  /** The version of the grammar: Vega-Lite 5. */
  readonly $schema: string;
  /** One sentence for people who cannot see the picture. */
  readonly description: string;
  /** The finding, and under it where it comes from, in lines. */
  readonly title: {
    /** The finding. */
    readonly text: string[];
    /** Where it comes from. */
    readonly subtitle: string[];
  };
  /** The layers of a chart of one panel. */
  readonly layer?: object[];
  /** The panels of another, from the top. */
  readonly vconcat?: object[];
  /** The rows that the layers draw where they have none of their own. */
  readonly data?: object | null;
  /** The width of a chart of one panel, in pixels. */
  readonly width?: number | string | object;
  /** Its height, in pixels. */
  readonly height?: number | string | object;
}

type Head = Omit<Chart, "layer" | "vconcat" | "data">;

/** A chart of one panel, to those who make and draw it. */
export type SingleChart = LayeredSpec & Head & { vconcat?: undefined };

/** A chart of panels one under the other, to those who make and draw it. */
export type StackedChart = StackedSpec & Head & {
  vconcat: Panel[];
  layer?: undefined;
};

/**
 * A chart as what it is: all are made as one of these.
 *
 * @throws {TypeError} If it is none.
 */
export function specOf(chart: Chart): SingleChart | StackedChart {
  if (!Array.isArray(chart?.layer ?? chart?.vconcat)) {
    throw new TypeError(
      `Cannot draw a chart as it must be made by a function of @clr/clr/plots, such as rangeChart: current value is ${
        show(chart)
      }`,
    );
  }
  return chart as SingleChart | StackedChart;
}

/** What the options of every chart must be. */
export const CHART_OPTIONS = { title: text, origin: text };

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
