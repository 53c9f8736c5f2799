import { formatRate } from "../../metrics/format_rate.ts";
import {
  COUNTED,
  cycleMarks,
  iterationAxis,
  RATE,
  rateHeight,
} from "../look/axes.ts";
import {
  describe,
  type ScheduleDescription,
} from "../../schedules/description.ts";
import type { Schedule } from "../../schedules/schedule.ts";
import { cycleEnds } from "../series/cycles.ts";
import { count, counted } from "../look/format.ts";
import { gapFact, gapsIn } from "../series/gaps.ts";
import {
  CHART_OPTIONS,
  type ChartOptions,
  type SingleChart,
} from "../look/grammar.ts";
import { LIGHT } from "../look/palette.ts";
import { frame, hover, short, WIDTH, zoom } from "../look/spec.ts";
import { thin } from "../series/thin.ts";
import { checkOptions, show } from "../../runtime/check_data.ts";
import { isRecord } from "../../runtime/records.ts";
import { checkNames } from "../../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    title: 0,
    origin: 0,
  } satisfies Record<keyof ChartOptions, 0>,
);

/** Anything with a learning rate at each iteration. */
export type ScheduleSource =
  | ((iteration: number) => number)
  | {
    /** The learning rate at `iteration`. */
    at(iteration: number): number;
    /** Of a cyclic schedule, how long its cycles are. */
    readonly options?: {
      /** Iterations of the rise. */
      readonly stepSize?: number;
      /** Iterations of the fall. */
      readonly stepSizeDown?: number;
      /** How many times as long each cycle is as the one before. */
      readonly cycleFactor?: number;
    };
  };

/** As many iterations are looked at one by one; of more, evenly spaced ones. */
const LOOKED_AT = 2 ** 22;

/** The rates that a chart looks at. */
interface Looked {
  readonly rates: Float64Array;
  /** How many iterations there are from one to the next. */
  readonly stride: number;
}

/**
 * How long every cycle is, as the options say, or what made the schedule; of a
 * function of one's own nobody knows.
 */
function knownPeriod(schedule: ScheduleSource): number | undefined {
  if (typeof schedule === "function") return describedPeriod(schedule);
  const { stepSize, stepSizeDown, cycleFactor = 1 } = schedule.options ?? {};
  return stepSize === undefined || stepSizeDown === undefined ||
      cycleFactor !== 1
    ? undefined
    : stepSize + stepSizeDown;
}

function describedPeriod(schedule: Schedule): number | undefined {
  let description: ScheduleDescription;
  try {
    description = describe(schedule);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
  const { kind } = description;
  if (kind !== "cyclic" && kind !== "cosineRestarts") return undefined;
  if (description.cycleFactor !== 1) return undefined;
  return kind === "cyclic"
    ? description.stepSize! + description.stepSizeDown!
    : description.cycleSize;
}

/** How long the cycles between these ends are; undefined where they differ. */
function measuredPeriod(
  ends: readonly number[],
  stride: number,
): number | undefined {
  const lengths = ends.slice(1).map((end, i) => end - ends[i])
    .sort((a, b) => a - b);
  const usual = lengths[lengths.length >> 1];
  const alike = lengths.filter((length) => Math.abs(length - usual) <= 1);
  // Between iterations that are looked at, where a cycle ends is not known, and
  // a flat bottom that decays into rounding has no one lowest.
  if (alike.length < 0.8 * lengths.length) return undefined;
  return stride === 1
    ? usual
    : stride * alike.reduce((sum, length) => sum + length, 0) / alike.length;
}

/** Cycles that end within the rates, also where none follows the last. */
function wholeCycles(rates: Float64Array, ends: readonly number[]): number {
  const bottom = rates[ends[ends.length - 1]];
  const isOver = rates[rates.length - 1] <= bottom * (1 + 1e-9);
  return ends.length + (isOver ? 1 : 0);
}

function headline(
  { rates, stride }: Looked,
  ends: readonly number[],
  known: number | undefined,
): string {
  const first = rates.findIndex(Number.isFinite);
  if (first < 0) return "The learning rate is never a finite number";
  return gapsIn(rates).at(-1)?.end === rates.length
    ? `${course({ rates, stride }, ends, known)}, then is not finite`
    : course({ rates, stride }, ends, known);
}

function course(
  { rates, stride }: Looked,
  ends: readonly number[],
  known: number | undefined,
): string {
  const first = rates.findIndex(Number.isFinite);
  let low = first, high = first;
  for (let i = first + 1; i < rates.length; i++) {
    if (!Number.isFinite(rates[i])) continue;
    if (rates[i] < rates[low]) low = i;
    if (rates[i] > rates[high]) high = i;
  }
  if (rates[low] === rates[high]) {
    return `The learning rate stays at ${formatRate(rates[low])}`;
  }
  if (ends.length > 1) {
    const period = known ?? measuredPeriod(ends, stride);
    return `The learning rate cycles between ${formatRate(rates[low])} and ${
      formatRate(rates[high])
    } ${
      period === undefined
        ? `in ${count(wholeCycles(rates, ends))} cycles of different length`
        : `every ${count(period)} iterations`
    }`;
  }
  if (high === first) {
    return `The learning rate falls from ${formatRate(rates[first])} to ${
      formatRate(rates[low])
    }`;
  }
  return high === rates.length - 1
    ? `The learning rate rises from ${formatRate(rates[first])} to ${
      formatRate(rates[high])
    }`
    : `The learning rate peaks at ${formatRate(rates[high])} at iteration ${
      count(high * stride)
    }`;
}

function lookAt(schedule: ScheduleSource, iterations: number): Looked {
  const at = typeof schedule === "function"
    ? schedule
    : (iteration: number) => schedule.at(iteration);
  const stride = Math.ceil((iterations + 1) / LOOKED_AT);
  const rates = new Float64Array(Math.floor(iterations / stride) + 1);
  for (let i = 0; i < rates.length; i++) rates[i] = at(i * stride);
  return { rates, stride };
}

/** The specification of a schedule's chart; see `scheduleChart`. */
export function scheduleSpec(
  schedule: ScheduleSource,
  iterations: number,
  options: ChartOptions = {},
): SingleChart {
  checkNames("draw a schedule", options, NAMES);
  checkOptions("draw a schedule", options, CHART_OPTIONS);
  if (!(Number.isSafeInteger(iterations) && iterations >= 1)) {
    throw new RangeError(
      `Cannot draw a schedule as iterations must be a whole number >= 1: current value is ${
        show(iterations)
      }`,
    );
  }
  // Text and lists have an `at` of their own.
  const isSource = typeof schedule === "function" ||
    isRecord(schedule) && typeof schedule.at === "function";
  if (!isSource) {
    throw new TypeError(
      `Cannot draw a schedule as it must be a function of the iteration or have one as at: current value is ${
        show(schedule)
      }`,
    );
  }
  const looked = lookAt(schedule, iterations);
  const { rates, stride } = looked;
  const ends = cycleEnds(rates);
  const x = iterationAxis([0, iterations]);
  const y = rateHeight(rates);
  return {
    ...frame(
      options.title ?? headline(looked, ends, knownPeriod(schedule)),
      [
        counted(iterations, "iteration"),
        `starts at ${formatRate(rates[0])}`,
        `ends at ${formatRate(rates[rates.length - 1])}`,
      ],
      [
        gapFact("learning rate", rates, rates.map((_, i) => i * stride)),
        options.origin ?? "",
      ],
    ),
    params: [zoom(["rate"])],
    width: WIDTH,
    height: 300,
    data: {
      values: thin(rates).map((i) => ({
        iteration: i * stride,
        lr: short(rates[i]),
      })),
    },
    layer: [
      ...cycleMarks(ends.map((i) => i * stride), x),
      {
        name: "rate",
        mark: { type: "line", color: LIGHT.blue, strokeWidth: 2, clip: true },
        encoding: { x, y },
      },
      hover("rate", { x, y, tooltip: [COUNTED, RATE] }, LIGHT.blue),
    ],
  };
}
