/** The Python statements of schedules that call no other, in terms of `t`. */

import { cosineRestartsLines, cyclicLines } from "./_python_cycles.ts";
import {
  between,
  growth,
  multiplesOf,
  type Quantity,
  real,
  remaining,
  WEIGHTS,
} from "./_python_expressions.ts";
import type { DescriptionOf, ScheduleDescription } from "./description.ts";
import { type OneCycleOptions, oneCyclePhases } from "./one_cycle.ts";

/** The description of a schedule that calls no other. */
type PlainDescription = Exclude<
  ScheduleDescription,
  { kind: "warmup" | "scale" | "clamp" | "sequence" }
>;

function oneCycleLines(
  description: DescriptionOf<"oneCycle">,
  quantity: Quantity,
): string[] {
  const weight = WEIGHTS[description.anneal!];
  const options = description as Required<OneCycleOptions>;
  const lines: string[] = [];
  let start = 0;
  for (const phase of oneCyclePhases(options)) {
    if (phase.end <= start) continue;
    const [first, last] = quantity === "rate"
      ? [phase.startLr, phase.endLr]
      : [phase.startMomentum!, phase.endMomentum!];
    const value = between(first, last, weight);
    lines.push(
      `remaining = ${remaining(start, phase.end)}`,
      lines.length === 0
        ? `value = ${value}`
        : `value = where(t < ${start}, value, ${value})`,
    );
    start = phase.end;
  }
  return [...lines, "return value"];
}

function warmupStableDecayLines(
  description: DescriptionOf<"warmupStableDecay">,
): string[] {
  const { maxLr, warmupIterations: rise } = description;
  const decayStart = rise + description.stableIterations;
  const end = decayStart + description.decayIterations;
  const decay = between(maxLr, description.endLr!, WEIGHTS[description.decay!]);
  return [
    `remaining = ${remaining(decayStart, end)}`,
    `value = ${decay}`,
    ...(rise === 0 ? [] : [
      `remaining = ${remaining(0, rise)}`,
      `value = where(t < ${rise}, ${
        between(description.startLr!, maxLr, WEIGHTS.linear)
      }, value)`,
    ]),
    "return value",
  ];
}

function piecewiseLines(description: DescriptionOf<"piecewise">): string[] {
  const { points, interpolation } = description;
  const lines = [`value = ${points[0].lr}`];
  points.forEach(({ iteration, lr }, i) => {
    const next = points[i + 1];
    if (interpolation === "constant" || next === undefined) {
      lines.push(`value = where(t >= ${iteration}, ${lr}, value)`);
    } else {
      const value = between(lr, next.lr, WEIGHTS[interpolation!]);
      lines.push(
        `remaining = ${remaining(iteration, next.iteration)}`,
        `value = where(t >= ${iteration}, ${value}, value)`,
      );
    }
  });
  return [...lines, "return value"];
}

function hasMomentum(description: PlainDescription): boolean {
  return "momentum" in description && description.momentum !== undefined;
}

/**
 * The statements of a schedule that calls no other.
 *
 * @throws {TypeError} If its momentum is asked for and it has none.
 */
export function statementsOf(
  description: PlainDescription,
  { quantity, isWhole }: {
    readonly quantity: Quantity;
    /** Whether the iterations that are asked for are whole numbers. */
    readonly isWhole: boolean;
  },
): string[] {
  if (quantity === "momentum" && !hasMomentum(description)) {
    throw new TypeError(
      `Cannot export a schedule as every stage must have a momentum where one has: current value is ${description.kind} without`,
    );
  }
  switch (description.kind) {
    case "cyclic":
      return cyclicLines(
        description as Required<DescriptionOf<"cyclic">>,
        quantity,
        isWhole,
      );
    case "oneCycle":
      return oneCycleLines(description, quantity);
    case "constant":
      return [`return ${description.lr}`];
    case "linear":
    case "cosine": {
      const { startLr, endLr, iterations, kind } = description;
      return [
        `remaining = ${remaining(0, iterations)}`,
        `return ${between(startLr, endLr, WEIGHTS[kind])}`,
      ];
    }
    case "polynomial": {
      const { startLr, endLr, iterations, power, cycle } = description;
      return [
        ...(cycle
          ? [
            `end = ${iterations} * maximum(1, -(-t // ${iterations}))`,
            "remaining = (end - t) / end",
          ]
          : [`remaining = ${remaining(0, iterations)}`]),
        `return ${between(startLr, endLr, `remaining ** ${power}`)}`,
      ];
    }
    case "step": {
      const { startLr, factor, stepSize } = description;
      const { count } = multiplesOf(stepSize, isWhole);
      return [`return ${startLr} * ${real(factor!)} ** (${count})`];
    }
    case "exponential": {
      const { startLr, factor, iterations, staircase, endLr } = description;
      if (startLr === 0) return ["return 0.0"];
      const exponent = staircase
        ? `(${multiplesOf(iterations!, isWhole).count})`
        : `(t / ${iterations})`;
      const power = factor > 1
        ? growth(factor, exponent)
        : `${real(factor)} ** ${exponent}`;
      const value = `${startLr} * ${power}`;
      if (endLr === undefined) return [`return ${value}`];
      const stop = factor > 1 ? "minimum" : "maximum";
      return [`return ${stop}(${endLr}, ${value})`];
    }
    case "inverseTime": {
      const { startLr, decayRate, iterations, power, staircase } = description;
      const elapsed = staircase
        ? `(${multiplesOf(iterations!, isWhole).count})`
        : `(t / ${iterations})`;
      // The power of the inverse vanishes where the power is too large.
      return [
        `return ${startLr} * (1 + ${decayRate} * ${elapsed}) ** -${
          real(power!)
        }`,
      ];
    }
    case "cosineRestarts":
      return cosineRestartsLines(description, isWhole);
    case "warmupStableDecay":
      return warmupStableDecayLines(description);
    case "piecewise":
      return piecewiseLines(description);
  }
}
