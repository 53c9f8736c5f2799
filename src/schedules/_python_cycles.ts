/** The Python statements of schedules that go in cycles. */

import { multiplesOf, type Quantity, real } from "./_python_expressions.ts";
import { traitsOf } from "./_traits.ts";
import { restartOf } from "./cycle_lengths.ts";
import { type DescriptionOf, fromDescription } from "./description.ts";

/**
 * `cycle`, counted from 0, its `start(cycle)` and its `end`, where each is
 * `factor` times as long as the one before, as `cycleLengths` has it.
 */
function growingCycleLines(
  { size, factor, cycles }: {
    readonly size: number;
    readonly factor: number;
    readonly cycles?: number;
  },
): string[] {
  const more = factor - 1;
  const lengths = Number.isInteger(factor)
    ? `(${real(factor)} ** i - 1) / ${more}`
    : `expm1(i * log1p(${more})) / ${more}`;
  // Cycles that shrink have no place beyond their end.
  const last = factor < 1 ? restartOf(cycles!, size, factor) : undefined;
  const t = last === undefined ? "t" : `minimum(t, ${last})`;
  return [
    "def whole(x, roundings):",
    "    near = abs(x - floor(x + 0.5)) <= minimum(4 * roundings * epsilon * x, 0.125)",
    "    return where(near, floor(x + 0.5), x)",
    "def start(i):",
    `    return whole(${size} * ${lengths}, i + 1)`,
    `cycle = floor(log1p(${t} * ${more} / ${size}) / log1p(${more}))`,
    "cycle = cycle + where(start(cycle + 1) <= t, 1, 0)",
    "cycle = cycle - where(start(cycle) > t, 1, 0)",
    "end = start(cycle + 1)",
  ];
}

/** The statements of `cyclic`. */
export function cyclicLines(
  description: Required<DescriptionOf<"cyclic">>,
  quantity: Quantity,
  isWhole: boolean,
): string[] {
  const { baseLr, maxLr, stepSize, stepSizeDown, momentum } = description;
  const { cycleFactor, cycles } = description;
  const length = stepSize + stepSizeDown;
  const grows = cycleFactor !== 1;
  const { count, rest } = multiplesOf(length, isWhole);
  const shape = {
    triangular: "rise",
    welch: "rise * (2 - rise)",
    hann: "sin(rise * pi / 2) ** 2",
  }[description.waveform];
  const scale = {
    triangular: "1",
    triangular2: `2.0 ** -(${grows ? "cycle" : count})`,
    exp_range: `${real(description.gamma!)} ** t`,
  }[description.mode];
  const [low, high] = quantity === "rate"
    ? [baseLr, maxLr]
    : [momentum.max, momentum.base];
  // low + (high - low) may round to a neighbour of high.
  const value =
    `where(amplitude == 1, ${high}, ${low} + (${high} - ${low}) * amplitude)`;
  const end = traitsOf(fromDescription(description)).iterations;
  return [
    ...(grows
      ? [
        ...growingCycleLines(
          { size: length, factor: cycleFactor, cycles },
        ),
        `peak = whole(start(cycle) + ${stepSize} * ${
          real(cycleFactor)
        } ** cycle, cycle + 2)`,
        "rise = where(t < peak, (t - start(cycle)) / (peak - start(cycle)), (end - t) / (end - peak))",
      ]
      : [
        `p = ${rest}`,
        `rise = where(p <= ${stepSize}, p / ${stepSize}, (${length} - p) / ${stepSizeDown})`,
      ]),
    `height = ${shape}`,
    `amplitude = height * ${scale}`,
    cycles === undefined
      ? `return ${value}`
      : `return where(t < ${end}, ${value}, ${low})`,
  ];
}

/** The statements of `cosineRestarts`. */
export function cosineRestartsLines(
  description: DescriptionOf<"cosineRestarts">,
  isWhole: boolean,
): string[] {
  const { maxLr, minLr, cycleSize: size, cycleFactor: factor } = description;
  const { amplitudeFactor, cycles, warmupIterations: rise } = description;
  const weight = rise
    ? `where(done < ${rise}, done / ${rise}, sin(remaining * pi / 2) ** 2)`
    : "sin(remaining * pi / 2) ** 2";
  const value = `${minLr} + (${maxLr} - ${minLr}) * ${
    real(amplitudeFactor!)
  } ** cycle * ${weight}`;
  const end = traitsOf(fromDescription(description)).iterations;
  const result = cycles === undefined
    ? `return ${value}`
    : `return where(t < ${end}, ${value}, ${minLr})`;
  if (factor === 1) {
    const { count, rest } = multiplesOf(size, isWhole);
    return [
      `cycle = ${count}`,
      ...(rise
        ? [
          `done = ${rest}`,
          `remaining = (${size} - done) / (${size} - ${rise})`,
        ]
        : [`remaining = (${size} - ${rest}) / ${size}`]),
      result,
    ];
  }
  return [
    ...growingCycleLines({ size, factor: factor!, cycles }),
    ...(rise
      ? [
        "done = t - start(cycle)",
        `remaining = (end - t) / (end - start(cycle) - ${rise})`,
      ]
      : ["remaining = (end - t) / (end - start(cycle))"]),
    result,
  ];
}
