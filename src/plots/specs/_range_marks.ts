import { formatRate } from "../../metrics/format_rate.ts";
import type { Layer, Limits } from "../look/grammar.ts";
import { LIGHT } from "../look/palette.ts";
import {
  type DrawnCurve,
  type DrawnPanel,
  type RangeData,
  reachOf,
} from "./range_panel.ts";
import { short } from "../look/spec.ts";

const DOT = 90;
/** The rules and the shapes of their marks. */
const RULES = {
  valley: "diamond",
  steepest: "triangle-down",
  slide: "square",
  minimum: "triangle-up",
} as const;

/** How many significant digits a rate of the test has in words. */
const DIGITS = 2;

/** The value of the curve at `lr`, on the segment it lies in. */
function valueAt(
  lr: number,
  rates: readonly number[],
  curve: DrawnCurve,
): number {
  const line = curve.trend ?? curve.values;
  const kept = rates.map((_, i) => i).filter((i) => Number.isFinite(line[i]));
  const right = kept.find((i) => rates[i] >= lr) ?? kept[kept.length - 1];
  const left = kept.findLast((i) => rates[i] <= lr) ?? kept[0];
  if (left === right) return line[left];
  const part = rates[left] > 0
    ? Math.log(lr / rates[left]) / Math.log(rates[right] / rates[left])
    : (lr - rates[left]) / (rates[right] - rates[left]);
  return line[left] + part * (line[right] - line[left]);
}

/** Whether the curve goes on so far down and up. */
function reaches(
  lr: number,
  rates: readonly number[],
  curve: DrawnCurve,
): boolean {
  const line = curve.trend ?? curve.values;
  const drawn = rates.filter((_, i) => Number.isFinite(line[i]));
  return drawn.length > 0 && lr >= drawn[0] && lr <= drawn[drawn.length - 1];
}

/** As seen in a panel: what is out of view is at its edge. */
function within(value: number, [low, high]: Limits): number | null {
  return short(Math.min(high, Math.max(low, value)));
}

/**
 * Dots where the curve has the two bounds, and their rates where the curve
 * leaves room. Where it falls that is above it to the right of the lower bound,
 * and below it to the left of the upper one; where it rises, the other way up.
 */
export function boundMarks(range: RangeData, drawn: DrawnPanel): Layer[] {
  const { learningRates: rates, settings, curve } = range;
  const { domain: [low, high], onCurve } = drawn;
  const [first, last] = reachOf(range);
  const along = (lr: number) =>
    settings.growth === "linear"
      ? (lr - first) / (last - first)
      : Math.log(lr / first) / Math.log(last / first);
  const bounds = ([["base", range.baseLr], ["max", range.maxLr]] as const)
    .flatMap(([kind, lr]) =>
      lr === undefined ? [] : [{
        kind,
        lr,
        value: within(valueAt(lr, rates, drawn.curve), drawn.domain)!,
      }]
    );
  const halo = {
    stroke: LIGHT.background,
    strokeWidth: 4,
    strokeOpacity: 0.85,
    strokeJoin: "round",
  } as const;
  const texts = bounds.flatMap(({ kind, lr, value }): Layer[] => {
    const isBase = kind === "base";
    const toRight = along(lr) < (isBase ? 0.8 : 0.2);
    const part = (value - low) / (high - low);
    // At the edge of the panel there is room on its inner side alone.
    const above = isBase === (curve.better === "lower")
      ? part < 0.95
      : part < 0.05;
    return [halo, {}].map((look) => ({
      data: { values: [{ lr: short(lr), value }] },
      mark: {
        type: "text",
        text: `${kind} ${formatRate(lr, DIGITS)}`,
        fontSize: 13,
        fontWeight: 600,
        color: LIGHT.blue,
        align: toRight ? "left" : "right",
        dx: toRight ? 9 : -9,
        dy: above ? -12 : 14,
        ...look,
      },
      encoding: onCurve,
    }));
  });
  return [{
    name: "bounds",
    data: {
      values: bounds.map(({ kind, lr, value }) => ({
        kind,
        lr: short(lr),
        value,
      })),
    },
    mark: {
      type: "point",
      filled: true,
      opacity: 1,
      color: LIGHT.blue,
      stroke: LIGHT.background,
      strokeWidth: 1.5,
      size: DOT,
    },
    encoding: onCurve,
  }, ...texts];
}

/** The rules' picks as small marks on the loss, told apart by shape. */
export function suggestionMarks(range: RangeData, drawn: DrawnPanel): Layer[] {
  const { learningRates: rates } = range;
  const picks = Object.entries(RULES).flatMap(([rule, shape]) => {
    const lr = range.suggestions[rule as keyof typeof RULES];
    // A rule may have looked further than the curve that was read goes.
    return lr == null || !reaches(lr, rates, drawn.curve) ? [] : [{
      rule: `${rule} ${formatRate(lr, DIGITS)}`,
      shape,
      lr: short(lr),
      value: within(valueAt(lr, rates, drawn.curve), drawn.domain),
    }];
  });
  if (picks.length === 0) return [];
  return [{
    name: "suggestions",
    data: { values: picks.map(({ shape: _, ...pick }) => pick) },
    mark: {
      type: "point",
      filled: true,
      opacity: 1,
      size: 110,
      color: LIGHT.orange,
      stroke: LIGHT.background,
      strokeWidth: 1,
      clip: true,
    },
    encoding: {
      ...drawn.onCurve,
      shape: {
        field: "rule",
        type: "nominal",
        scale: {
          domain: picks.map(({ rule }) => rule),
          range: picks.map(({ shape }) => shape),
        },
        legend: { symbolFillColor: LIGHT.orange, symbolStrokeWidth: 0 },
      },
      tooltip: [{ field: "rule", type: "nominal", title: "suggestion" }],
    },
  }];
}
