import { drawChart } from "./_chart.ts";
import { finitePoints } from "../curves/curve.ts";
import { gridTable } from "./grid_words.ts";
import type { AdvisedOption } from "../result/finding.ts";
import type { RangeTestResult } from "../result/range_data.ts";
import {
  type OptionName,
  shortRate,
  wordAdvice,
  wordReading,
} from "./range_words.ts";
import { smoothingOf } from "../../metrics/smoothing.ts";
import {
  checkOptions,
  finite,
  flag,
  mapOf,
  text,
} from "../../runtime/check_data.ts";
import { wrap } from "../../runtime/wrap.ts";
import { checkNames } from "../../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    color: 0,
    width: 0,
    flags: 0,
    flagNames: 0,
  } satisfies Record<keyof FormatOptions, 0>,
);

/** Options of a range's text. */
export interface FormatOptions {
  /** Whether to colour the marks of the bounds. @default {false} */
  readonly color?: boolean;
  /** Columns, at least 40. @default {80} */
  readonly width?: number;
  /**
   * Whether to name options as the command's flags, `--end-lr` for `endLr`.
   *
   * @default {false}
   */
  readonly flags?: boolean;
  /**
   * The flags of a program that has others for some options, with `flags`:
   * `{ iterations: "--find-iterations" }`.
   *
   * @default {the command's}
   */
  readonly flagNames?: { readonly [Option in AdvisedOption]?: string };
}

/** Rows of the plotting area of the terminal chart. */
const CHART_HEIGHT = 14;

/** `--end-lr` for `endLr`. */
const flagOf: OptionName = (option) =>
  "--" + option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The conclusion in a few sentences. */
export function summarizeRange(
  range: RangeTestResult,
  options: Pick<FormatOptions, "flags" | "flagNames"> = {},
): string {
  const { baseLr, curve, headline, intervals, spread, verdict, runs } = range;
  const sentences: string[] = [];
  if (verdict === "good") {
    sentences.push(`${headline}: ${wordReading(range)}.`);
    if (range.remedies.length > 1) sentences.push(range.advice);
  } else {
    const advice = options.flags && range.remedies.length > 0
      ? wordAdvice(
        range,
        (option) => options.flagNames?.[option] ?? flagOf(option),
      )
      : range.advice;
    sentences.push(`Verdict: ${verdict}. ${advice}`);
    if (baseLr !== undefined) {
      sentences.push(`The improvement starts at ${shortRate(baseLr)}.`);
    }
    if (range.thumb === "maxLr") {
      sentences.push(
        `By the rule of thumb alone, the maximum is about three times that, ${
          shortRate(range.maxLr!)
        }.`,
      );
    }
  }
  const missing = curve.values.length - finitePoints(curve.values).length;
  if (missing > 0 && curve.name !== "loss") {
    sentences.push(
      `Left out: ${missing} ${
        missing === 1 ? "rate" : "rates"
      } at which the ${curve.name} is not a finite number.`,
    );
  }
  if (intervals) {
    const [lowBase, highBase] = intervals.baseLr.map(shortRate);
    const [lowMax, highMax] = intervals.maxLr.map(shortRate);
    sentences.push(
      `With 90 % confidence the lower bound lies within ${lowBase} to ${highBase}, the upper one within ${lowMax} to ${highMax}.`,
    );
  } else if (spread) {
    const [lowBase, highBase] = spread.baseLr.map(shortRate);
    const [lowMax, highMax] = spread.maxLr.map(shortRate);
    sentences.push(
      `Medians of ${runs.length} runs: lower bound ${lowBase} to ${highBase}, upper bound ${lowMax} to ${highMax}.`,
    );
  }
  sentences.push(`${range.ending}.`);
  if (range.cost && range.trials) {
    const { trained, evaluated } = range.cost;
    sentences.push(
      `The ${
        range.grid ? "test at the best" : "whole test"
      } took ${trained} batches of training${
        evaluated > 0 ? ` and ${evaluated} losses without` : ""
      }.`,
    );
  }
  if (range.grid) {
    const { advice, cost } = range.grid;
    sentences.push(
      `${advice} The curves of the grid took ${cost.trained} batches of training.`,
    );
  }
  return sentences.join(" ");
}

/** A chart of the curve that was read, and the conclusion. */
export function formatRange(
  range: RangeTestResult,
  options: FormatOptions = {},
): string {
  checkNames("write a range", options, NAMES);
  checkOptions("write a range", options, {
    color: flag,
    width: finite,
    flags: flag,
    flagNames: mapOf(text),
  });
  const { color = false, width = 80 } = options;
  const { curve, settings, learningRates } = range;
  const lines: string[] = [];
  const kept = finitePoints(curve.values);
  if (kept.length > 1) {
    const shown = settings.validated ? `validation ${curve.name}` : curve.name;
    const cut = curve.better === "higher" ? Math.max : Math.min;
    lines.push(
      ...wrap(`${shown} by rate (· measured, • ${smoothingOf(curve)})`, width),
      ...drawChart({
        learningRates: kept.map((i) => learningRates[i]),
        points: kept.map((i) => cut(curve.values[i], curve.limit)),
        trend: kept.map((i) => curve.trend[i]),
        logarithmic: settings.growth === "exponential",
        baseLr: range.baseLr,
        maxLr: range.maxLr,
        width: Math.max(40, width),
        height: CHART_HEIGHT,
        paint: color ? (text) => `\x1b[36m${text}\x1b[39m` : (text) => text,
      }),
      "",
    );
  }
  if (range.grid) lines.push(...gridTable(range.grid), "");
  return [...lines, ...wrap(summarizeRange(range, options), width)].join("\n");
}
