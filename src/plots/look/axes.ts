/** The axes that recur, and the marks that stand on them. */

import { isAccuracy, label } from "./format.ts";
import type {
  Layer,
  Limits,
  Tooltip,
  XPosition,
  YPosition,
} from "./grammar.ts";
import { LIGHT } from "./palette.ts";
import { rounded } from "./spec.ts";

/**
 * Axis labels of six digits at most. Without a precision Vega takes that of the
 * step between ticks, and a step of 100 makes 600 "6e+2".
 */
const NUMBER = ".6~g";

/** As `formatRate` writes numbers, in the language of Vega. */
const RATE_LABEL = "datum.value >= 1e-4 && datum.value < 1e4 " +
  "? format(datum.value, '~g') " +
  ": replace(format(datum.value, '~e'), '+', '')";

/** The iteration, and the rate there, of what is under the pointer. */
export const COUNTED: Tooltip[number] = {
  field: "iteration",
  type: "quantitative",
  title: "iteration",
  format: ",d",
};
export const RATE: Tooltip[number] = {
  field: "lr",
  type: "quantitative",
  title: "learning rate",
};

/** A number of that field, under the name that people know. */
export function told(field: string, title: string): Tooltip[number] {
  return { field, type: "quantitative", title };
}

/** The axis of iterations, labelled where `shown`. */
export function iterationAxis(domain: Limits, shown = true): XPosition {
  return {
    field: "iteration",
    type: "quantitative",
    scale: { domain, nice: false },
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

/** The axis of a metric's values in that field. */
export function metricAxis(
  metric: string,
  field: string,
  options: {
    /** Limits; none for those that the data have. */
    readonly domain?: Limits;
    /** How many ticks there are about. */
    readonly ticks: number;
  },
): YPosition {
  const { domain, ticks } = options;
  return {
    field,
    type: "quantitative",
    scale: domain
      ? { domain, nice: false, zero: false }
      : { zero: false, nice: true },
    axis: {
      title: metric === "lr" ? "learning rate" : label(metric),
      // About as long as a panel with room for so many ticks is high.
      titleLimit: 45 * ticks,
      tickCount: ticks,
      format: isAccuracy(metric) ? ".0%" : NUMBER,
    },
  };
}

/** The axis of learning rates along y, which does not start at zero. */
export function rateHeight(rates: ArrayLike<number>): YPosition {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < rates.length; i++) {
    if (!Number.isFinite(rates[i])) continue;
    low = Math.min(low, rates[i]);
    high = Math.max(high, rates[i]);
  }
  if (low > high) [low, high] = [0, 1];
  const margin = 0.06 * (high - low) || Math.abs(high) * 0.1 || 1;
  const domain: Limits = [
    rounded(low >= 0 ? Math.max(0, low - margin) : low - margin),
    rounded(high + margin),
  ];
  return metricAxis("lr", "lr", { domain, ticks: 4 });
}

/** Ticks a decade; within two decades also at 2 and 5. */
function decades(first: number, last: number): number[] {
  const low = Math.floor(Math.log10(first) + 1e-9);
  const high = Math.ceil(Math.log10(last) - 1e-9);
  const steps = Math.log10(last / first) < 1.5 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = low; power <= high; power++) {
    for (const step of steps) ticks.push(Number(`${step}e${power}`));
  }
  const inside = 1e-9;
  return ticks.filter((tick) =>
    tick >= first * (1 - inside) && tick <= last * (1 + inside)
  );
}

/** The axis of learning rates along x, as a range test grew them. */
export function rateAxis(
  [first, last]: Limits,
  options: {
    /** How the rate grew. */
    readonly growth: "exponential" | "linear";
    /** Whether the axis has labels. */
    readonly shown: boolean;
  },
): XPosition {
  const { growth, shown } = options;
  const linear = growth === "linear";
  return {
    field: "lr",
    type: "quantitative",
    scale: {
      type: linear ? "linear" : "log",
      domain: [first, last],
      nice: false,
    },
    axis: {
      title: shown ? "learning rate" : null,
      labels: shown,
      ticks: shown,
      grid: true,
      gridOpacity: 0.6,
      ...(linear
        ? { tickCount: 8 }
        : { values: decades(first, last), labelExpr: RATE_LABEL }),
    },
  };
}

/** More would be a curtain, not marks. */
const MARKED_CYCLES = 40;
const NUMBERED_CYCLES = 12;

/** Dotted lines at the ends of cycles, with their numbers where `numbered`. */
export function cycleMarks(
  ends: readonly number[],
  x: XPosition,
  numbered = false,
): Layer[] {
  if (ends.length === 0 || ends.length > MARKED_CYCLES) return [];
  const values = ends.map((iteration, i) => ({
    iteration,
    cycle: `cycle ${i + 1}`,
  }));
  const marks: Layer[] = [{
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
