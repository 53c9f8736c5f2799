import { cycleEnds } from "./_cycles.ts";
import { count, rate } from "./_format.ts";
import { LIGHT } from "./_palette.ts";
import {
  type Chart,
  type ChartOptions,
  cycleMarks,
  frame,
  hover,
  iterationAxis,
  rateScale,
  short,
  WIDTH,
  zoom,
} from "./_spec.ts";
import { thin } from "./_thin.ts";

/** Anything with a learning rate at each iteration. */
export type ScheduleSource =
  | ((iteration: number) => number)
  | {
    /** The learning rate at `iteration`. */
    at(iteration: number): number;
  };

/** As many iterations are looked at one by one; of more, evenly spaced ones. */
const LOOKED_AT = 2 ** 22;

function title(rates: ArrayLike<number>, stride: number): string {
  let low = 0, high = 0;
  for (let i = 1; i < rates.length; i++) {
    if (rates[i] < rates[low]) low = i;
    if (rates[i] > rates[high]) high = i;
  }
  if (rates[low] === rates[high]) {
    return `The learning rate stays at ${rate(rates[low])}`;
  }
  const ends = cycleEnds(rates);
  if (ends.length > 1) {
    // The median, as a flat bottom that decays into rounding has no one lowest.
    const lengths = ends.slice(1).map((end, i) => end - ends[i])
      .sort((a, b) => a - b);
    const length = stride * lengths[lengths.length >> 1];
    return `The learning rate cycles between ${rate(rates[low])} and ${
      rate(rates[high])
    } every ${count(length)} iterations`;
  }
  if (high === 0) {
    return `The learning rate falls from ${rate(rates[0])} to ${
      rate(rates[low])
    }`;
  }
  return `The learning rate peaks at ${rate(rates[high])} at iteration ${
    count(high * stride)
  }`;
}

/** The specification of a schedule's chart; see `scheduleChart`. */
export function scheduleSpec(
  schedule: ScheduleSource,
  iterations: number,
  options: ChartOptions = {},
): Chart {
  if (!(Number.isSafeInteger(iterations) && iterations >= 1)) {
    throw new RangeError(
      `Cannot draw a schedule as iterations must be a whole number >= 1: current value is ${iterations}`,
    );
  }
  const at = typeof schedule === "function"
    ? schedule
    : (iteration: number) => schedule.at(iteration);
  const stride = Math.ceil((iterations + 1) / LOOKED_AT);
  const rates = new Float64Array(Math.floor(iterations / stride) + 1);
  for (let i = 0; i < rates.length; i++) rates[i] = at(i * stride);
  const values = thin(rates).map((i) => ({
    iteration: i * stride,
    lr: short(rates[i]),
  }));
  const x = iterationAxis(0, iterations);
  const y = rateScale(rates);
  return {
    ...frame(options.title ?? title(rates, stride), [
      `${count(iterations)} iterations`,
      `starts at ${rate(rates[0])}`,
      `ends at ${rate(rates[rates.length - 1])}`,
    ], [options.origin ?? ""]),
    params: [zoom(["rate"])],
    width: WIDTH,
    height: 300,
    data: { values },
    layer: [
      ...cycleMarks(cycleEnds(rates).map((i) => i * stride), x),
      {
        name: "rate",
        mark: { type: "line", color: LIGHT.blue, strokeWidth: 2, clip: true },
        encoding: { x, y },
      },
      hover("rate", {
        x,
        y,
        tooltip: [
          {
            field: "iteration",
            type: "quantitative",
            title: "iteration",
            format: ",d",
          },
          { field: "lr", type: "quantitative", title: "learning rate" },
        ],
      }, LIGHT.blue),
    ],
  };
}
