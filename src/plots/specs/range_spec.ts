import { extremes } from "../../metrics/extremes.ts";
import { checkOptions, show } from "../../runtime/check_data.ts";
import { isAccuracy, label } from "../look/format.ts";
import {
  CHART_OPTIONS,
  type ChartOptions,
  type Limits,
  type StackedChart,
} from "../look/grammar.ts";
import { boundMarks, suggestionMarks } from "./_range_marks.ts";
import {
  type DrawnCurve,
  drawPanel,
  limits,
  type RangeData,
} from "./range_panel.ts";
import { frame, zoom } from "../look/spec.ts";
import { smoothingOf } from "../../metrics/smoothing.ts";
import { checkNames } from "../../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    title: 0,
    origin: 0,
  } satisfies Record<keyof ChartOptions, 0>,
);

/**
 * The curve below the one that was read, for comparison: the loss with the
 * smoothing that the suggestions were picked from, or the accuracy.
 */
function besides(range: RangeData): DrawnCurve | undefined {
  if (range.curve.name !== "loss") {
    const { losses: values, smoothedLosses: trend } = range;
    return { name: "loss", values, trend };
  }
  const name = Object.keys(range.metrics).find(isAccuracy);
  return name === undefined ? undefined : { name, values: range.metrics[name] };
}

/** Values of which JSON has null where there is none. */
function withNaN(values: readonly (number | null)[]): number[] {
  return values.map((value) => value ?? NaN);
}

/** The curve that was read, as far as it was. */
function upToLimit(curve: RangeData["curve"]): DrawnCurve {
  const { name, limit, better } = curve;
  const [values, trend] = [withNaN(curve.values), withNaN(curve.trend)];
  const beyond = values.map((value) =>
    better === "higher" ? value < limit : value > limit
  );
  return {
    name,
    values,
    // Among values that were cut off the trend is the limit, and says nothing.
    trend: trend.map((value, i) =>
      beyond[i] && (beyond[i - 1] ?? true) && (beyond[i + 1] ?? true)
        ? NaN
        : value
    ),
  };
}

/**
 * Limits that show the curve up to where values were cut off. One that is hardly
 * ever better than where it began is cut off at once, and shown further.
 */
function limitsOf(
  { limit: cutOff, better }: RangeData["curve"],
  { name, values, trend }: DrawnCurve,
): Limits {
  const sign = better === "higher" ? -1 : 1;
  const sorted = values.filter(Number.isFinite)
    .sort((a, b) => sign * (a - b));
  const most = sorted[Math.floor(0.75 * (sorted.length - 1))] ?? cutOff;
  const within = sorted.filter((value) => sign * (value - cutOff) <= 0);
  const limit = 4 * within.length < sorted.length ? most : cutOff;
  const cut = better === "higher" ? Math.max : Math.min;
  return limits({
    name,
    values: values.map((value) => cut(value, limit)),
    trend,
  });
}

/** A loss that blows up is shown up to half of its fall above where it began. */
function lossLimits({ values, trend = values }: DrawnCurve): Limits {
  const [low] = extremes(trend);
  const [, before] = extremes(trend.slice(0, trend.indexOf(low) + 1));
  const limit = before + 0.5 * (before - low || Math.abs(before) * 0.1);
  const cut = (values: readonly number[]) =>
    values.map((value) => Math.min(value, limit));
  return limits({ name: "loss", values: cut(values), trend: cut(trend) });
}

/** The specification of a range chart; see `rangeChart`. */
export function rangeSpec(
  range: RangeData,
  options: ChartOptions = {},
): StackedChart {
  checkNames("draw a range", options, NAMES);
  checkOptions("draw a range", options, CHART_OPTIONS);
  if (range?.learningRates === undefined) {
    throw new TypeError(
      `Cannot draw a range as it must be a LearningRateRange or what its JSON stands for: current value is ${
        show(range)
      }`,
    );
  }
  const { learningRates: rates, curve, settings } = range;
  if (rates.length < 2) {
    throw new RangeError(
      `Cannot draw a range as it must have at least 2 learning rates: current value is ${rates.length}. Its verdict is ${range.verdict}: ${range.headline}`,
    );
  }
  if (curve === undefined) {
    throw new TypeError(
      "Cannot draw a range as it must be a LearningRateRange or what its JSON stands for: current value has no curve; read JSON of earlier versions with LearningRateRange.fromJSON",
    );
  }
  const beside = besides(range);
  const drawn = upToLimit(curve);
  const read = drawPanel(range, drawn, {
    height: beside ? 270 : 360,
    shown: !beside,
    domain: limitsOf(curve, drawn),
  });
  read.panel.layer.push(...boundMarks(range, read));
  const panels = [read];
  if (beside) {
    panels.push(drawPanel(range, beside, {
      height: 120,
      shown: true,
      domain: beside.trend ? lossLimits(beside) : limits(beside),
    }));
  }
  const loss = panels.find(({ curve }) => curve.name === "loss");
  loss?.panel.layer.push(...suggestionMarks(range, loss));
  const name = settings.validated
    ? `validation ${label(curve.name)}`
    : label(curve.name);
  return {
    ...frame(options.title ?? range.headline, [
      `Read from the ${name}, measured (thin) and ${
        smoothingOf(curve)
      } (thick)`,
      range.ending,
    ], [
      range.verdict === "good" && range.remedies.length === 1
        ? ""
        : `Next: ${range.nextStep}`,
      options.origin ?? "",
    ]),
    params: [zoom(panels.map(({ view }) => view))],
    spacing: 14,
    resolve: { scale: { x: "shared" } },
    vconcat: panels.map(({ panel }) => panel),
  };
}
