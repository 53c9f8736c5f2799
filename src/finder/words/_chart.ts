import { extremes } from "../../metrics/extremes.ts";
import { shortRate } from "./range_words.ts";

/** What {@linkcode drawChart} draws. */
export interface Chart {
  readonly learningRates: readonly number[];
  /** Values, up to where the test stopped: small dots. */
  readonly points: ArrayLike<number>;
  /** Their trend: large dots. */
  readonly trend: ArrayLike<number>;
  readonly logarithmic: boolean;
  readonly baseLr?: number;
  readonly maxLr?: number;
  /** Columns of the whole chart. */
  readonly width: number;
  /** Rows of the plotting area. */
  readonly height: number;
  /** Paints the marks of the bounds; the identity without colour. */
  readonly paint: (text: string) => string;
}

/** Columns left of the plotting area: a label of the value and the axis. */
const MARGIN = 9;

function label(value: number): string {
  const text = Math.abs(value) >= 1e5 || (value !== 0 && Math.abs(value) < 1e-3)
    ? value.toExponential(1)
    : String(Number(value.toPrecision(4)));
  return text.slice(0, MARGIN - 2).padStart(MARGIN - 2);
}

/** The last rate, or a maximum that lies above it. */
function lastRate({ learningRates, maxLr = 0 }: Chart): number {
  return Math.max(learningRates.at(-1)!, maxLr);
}

/** Rates for the ticks: decades, thinned so that their labels fit. */
function ticks(chart: Chart, columns: number): number[] {
  const first = chart.learningRates[0];
  const last = lastRate(chart);
  if (!chart.logarithmic) {
    return [0, 1, 2, 3, 4].map((i) => first + (last - first) * i / 4);
  }
  const from = Math.ceil(Math.log10(first) - 1e-9);
  const to = Math.floor(Math.log10(last) + 1e-9);
  const step = Math.max(1, Math.ceil((to - from + 1) * 8 / columns));
  const powers = [];
  for (let power = from; power <= to; power += step) powers.push(10 ** power);
  return powers;
}

/**
 * The curve in text, `height` rows of dots over an axis with ticks, both bounds
 * marked by dashed columns.
 */
export function drawChart(chart: Chart): string[] {
  const { learningRates, height } = chart;
  const columns = chart.width - MARGIN;
  const scale = (rate: number) => chart.logarithmic ? Math.log(rate) : rate;
  const [from, to] = [scale(learningRates[0]), scale(lastRate(chart))];
  const column = (rate: number) =>
    to > from
      ? Math.round((scale(rate) - from) / (to - from) * (columns - 1))
      : 0;

  const all = [...Array.from(chart.points), ...Array.from(chart.trend)];
  const [low, high] = extremes(all);
  const row = (value: number) =>
    high > low
      ? Math.round((high - value) / (high - low) * (height - 1))
      : height - 1;

  const cells = Array.from(
    { length: height },
    () => new Array<string>(columns).fill(" "),
  );
  const marks: [string, number][] = [];
  const bounds = [["base", chart.baseLr], ["max", chart.maxLr]] as const;
  for (const [name, rate] of bounds) {
    // The lower bound may lie below the rates of the curve that is drawn.
    if (rate === undefined || rate < learningRates[0]) continue;
    marks.push([name, column(rate)]);
    for (const cell of cells) cell[column(rate)] = chart.paint("┆");
  }
  const curves = [["·", chart.points], ["•", chart.trend]] as const;
  for (const [dot, values] of curves) {
    Array.from(values).forEach((value, i) => {
      cells[row(value)][column(learningRates[i])] = dot;
    });
  }

  const lines = cells.map((cell, i) => {
    const shown = i === 0
      ? label(high)
      : i === height - 1
      ? label(low)
      : " ".repeat(MARGIN - 2);
    return `${shown} ┤${cell.join("").trimEnd()}`;
  });
  const axis = new Array<string>(columns).fill("─");
  const labels = new Array<string>(columns + MARGIN).fill(" ");
  for (const rate of ticks(chart, columns)) {
    const at = column(rate);
    axis[at] = "┬";
    const text = shortRate(rate);
    const begin = Math.min(
      Math.max(0, MARGIN + at - (text.length >> 1)),
      labels.length - text.length,
    );
    for (let i = 0; i < text.length; i++) labels[begin + i] = text[i];
  }
  const names = new Array<string>(columns + MARGIN).fill(" ");
  let free = names.length;
  // From the right: a name that would run into the next one gives way.
  for (const [name, at] of marks.toReversed()) {
    const begin = Math.max(0, Math.min(MARGIN + at, free - name.length));
    for (let i = 0; i < name.length; i++) names[begin + i] = name[i];
    free = begin - 1;
  }
  lines.push(`${" ".repeat(MARGIN - 2)} └${axis.join("")}`);
  lines.push(labels.join("").trimEnd());
  if (marks.length > 0) lines.unshift(chart.paint(names.join("").trimEnd()));
  return lines;
}
