/** The parts of Vega-Lite's grammar that charts are made of, in its own types. */

import type { TopLevelSpec } from "vega-lite";

type Single = Extract<TopLevelSpec, { layer: unknown }>;
type Stack = Extract<TopLevelSpec, { vconcat: unknown }>;

/** A view of several layers over the same axes. */
export type Panel = Extract<Stack["vconcat"][number], { layer: unknown }>;

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
export type Parameter = NonNullable<Stack["params"]>[number];

/** The settings of a whole chart. */
export type Settings = NonNullable<Stack["config"]>;

/** The first and the last value of an axis, or what marks span. */
export type Limits = [low: number, high: number];

/** What every chart has. */
interface Headed {
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
}

/** A chart of one panel. */
export type SingleChart = Single & Headed;

/** A chart of panels one under the other. */
export type StackedChart = Stack & { vconcat: Panel[] } & Headed;

/**
 * A chart: a plain Vega-Lite specification (version 5 of the schema) with its
 * data inlined, so that `JSON.stringify(chart)` is all that any Vega-Lite tool
 * needs. In a Deno notebook it shows itself.
 */
export type Chart = SingleChart | StackedChart;

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
