/** Curves side by side, told apart by colour and dashes under a legend. */

import type { Color, Encoding, Layer, Transform } from "./grammar.ts";
import { LIGHT } from "./palette.ts";

const COLOURS = [
  LIGHT.blue,
  LIGHT.orange,
  LIGHT.green,
  LIGHT.purple,
  LIGHT.yellow,
  LIGHT.sky,
  LIGHT.muted,
];

/** As many as there are colours, so that no curve hangs on its colour alone. */
const DASHES = [[1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [12, 4], [1, 3]];

/** How many curves have a colour of their own. */
export const MOST_COLOURS: number = COLOURS.length;

/**
 * The colour and the dashes of each of `names`, which stand in `field`. Beyond
 * {@linkcode MOST_COLOURS} a colour comes again, with other dashes each time.
 */
export function curveLooks(
  field: string,
  names: readonly string[],
): { color: Color; strokeDash: NonNullable<Encoding["strokeDash"]> } {
  const round = (i: number) => Math.floor(i / COLOURS.length);
  return {
    color: {
      field,
      type: "nominal",
      scale: {
        domain: [...names],
        range: names.map((_, i) => COLOURS[i % COLOURS.length]),
      },
      legend: { symbolType: "stroke", columns: names.length > 4 ? 3 : 4 },
    },
    strokeDash: {
      field,
      type: "nominal",
      scale: {
        domain: [...names],
        range: names.map((_, i) => DASHES[(i + round(i)) % DASHES.length]),
      },
    },
  };
}

/** A dot on each curve, whole where it is at the edge of the panel. */
export function markedDots(
  values: readonly object[],
  transform: Transform[],
  encoding: Encoding,
): Layer {
  return {
    name: "marked",
    data: { values: [...values] },
    transform,
    mark: {
      type: "point",
      filled: true,
      opacity: 1,
      size: 70,
      stroke: LIGHT.background,
      strokeWidth: 1.5,
    },
    encoding,
  };
}
