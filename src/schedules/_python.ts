/**
 * Schedules as Python source. The statements are the same for plain numbers and
 * for traced JAX arrays: what differs is the meaning of `where`, `minimum` and
 * the like, which the exporters define. As `where` evaluates both sides, each
 * side must be defined everywhere.
 */

import { traitsOf } from "./_traits.ts";
import { describe, type ScheduleDescription } from "./description.ts";
import { fromDescription } from "./description.ts";
import { restartOf } from "./cycle_lengths.ts";
import { fractionOf, since, snap } from "./_multiples.ts";
import { type OneCycleOptions, oneCyclePhases } from "./one_cycle.ts";
import type { Schedule } from "./schedule.ts";

/** A schedule, or a scheduler that follows one, such as a `CyclicLR`. */
export type Exportable = Schedule | {
  /** The schedule. */
  readonly schedule: Schedule;
  /** The iteration that it has come to. */
  readonly iteration?: number;
};

type Quantity = "rate" | "momentum";
type Description<K extends ScheduleDescription["kind"]> = Extract<
  ScheduleDescription,
  { kind: K }
>;

const WEIGHTS = {
  linear: "remaining",
  cosine: "sin(remaining * pi / 2) ** 2",
  sqrt: "1 - (1 - remaining) ** 0.5",
};

function between(first: number, last: number, weight: string): string {
  return `${last} + (${first} - ${last}) * (${weight})`;
}

/** What is left of the stretch from `start` to `end`, from 1 to 0. */
function remaining(start: number, end: number): string {
  return `(${end} - minimum(maximum(t, ${start}), ${end})) / (${end} - ${start})`;
}

/** As a real number: Python's whole numbers do not end, JAX's wrap around. */
function real(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e21
    ? `${value}.0`
    : `${value}`;
}

/** The iterations of `t` since `start`, as `since` has it. */
function sinceOf(start: number): string {
  const { numerator, denominator } = fractionOf(start) ??
    { numerator: 0, denominator: 1 };
  return denominator === 1
    ? `t - ${start}`
    : `(t * ${denominator} - ${numerator}) / ${denominator}`;
}

/** How many times `size` fits into `t`, and what is left, as `multiples` has it. */
function multiplesOf(
  size: number,
  isWhole: boolean,
): { count: string; rest: string } {
  const fraction = fractionOf(size);
  const [whole, parts] = [fraction?.numerator ?? 0, fraction?.denominator ?? 0];
  // Whole numbers are exact while they stay below the 2^31 of JAX.
  if (!(parts > 1 && whole * parts < 2 ** 31)) {
    return { count: `t // ${size}`, rest: `t % ${size}` };
  }
  const within = isWhole
    ? `(t % ${whole}) * ${parts}`
    : `snapped((t % ${whole}) * ${parts})`;
  return {
    count: `t // ${whole} * ${parts} + ${within} // ${whole}`,
    rest: `${within} % ${whole} / ${parts}`,
  };
}

/** `base ** exponent` for a base > 1: infinite, not an error, where too large. */
function growth(base: number, exponent: string): string {
  let most = Math.floor(Math.log(Number.MAX_VALUE) / Math.log(base));
  if (base ** most === Infinity) most--;
  return `where(${exponent} <= ${most}, ${
    real(base)
  } ** minimum(${exponent}, ${most}), inf)`;
}

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

function cyclicLines(
  description: Required<Description<"cyclic">>,
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

function oneCycleLines(
  description: Description<"oneCycle">,
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

function cosineRestartsLines(
  description: Description<"cosineRestarts">,
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

function warmupStableDecayLines(
  description: Description<"warmupStableDecay">,
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

function piecewiseLines(description: Description<"piecewise">): string[] {
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

/** Writes one Python function per schedule, those that others call first. */
class Writer {
  readonly functions: string[] = [];
  readonly #quantity: Quantity;
  #count = 0;
  /** Whether the iterations that are asked for are whole numbers. */
  #isWhole = true;

  constructor(quantity: Quantity) {
    this.#quantity = quantity;
  }

  /** Writes the function `name`, made up if not given, and returns its name. */
  write(description: ScheduleDescription, name?: string): string {
    const lines = this.#lines(description);
    const own = name ?? `${this.#quantity}_${++this.#count}`;
    const title = JSON.stringify(description.kind).slice(1, -1);
    this.functions.push(
      [`def ${own}(t):`, `# ${title}`, ...lines].join("\n    "),
    );
    return own;
  }

  /** Writes a schedule that starts at `start`, and returns its name. */
  #writeFrom(start: number, description: ScheduleDescription): string {
    const outer = this.#isWhole;
    this.#isWhole &&= Number.isInteger(start);
    const name = this.write(description);
    this.#isWhole = outer;
    return name;
  }

  #lines(description: ScheduleDescription): string[] {
    const isWhole = this.#isWhole;
    switch (description.kind) {
      case "warmup": {
        const { iterations, startLr } = description;
        const inner = this.#writeFrom(iterations, description.schedule);
        const after = `${inner}(maximum(${sinceOf(iterations)}, 0))`;
        if (this.#quantity === "momentum") return [`return ${after}`];
        return [
          `remaining = ${remaining(0, iterations)}`,
          `rising = ${inner}(0) + (${startLr} - ${inner}(0)) * remaining`,
          `return where(t < ${iterations}, rising, ${after})`,
        ];
      }
      case "scale": {
        const inner = this.write(description.schedule);
        if (this.#quantity === "momentum") return [`return ${inner}(t)`];
        const factor = typeof description.factor === "number"
          ? description.factor
          : `${this.write(description.factor)}(t)`;
        return [`return ${factor} * ${inner}(t)`];
      }
      case "clamp": {
        const inner = `${this.write(description.schedule)}(t)`;
        if (this.#quantity === "momentum") return [`return ${inner}`];
        const { min, max } = description;
        const raised = `maximum(${min}, ${inner})`;
        return [
          `return ${max === undefined ? raised : `minimum(${max}, ${raised})`}`,
        ];
      }
      case "sequence":
        return this.#sequenceLines(description);
      case "cyclic":
        if (this.#quantity === "rate" || description.momentum) {
          return cyclicLines(
            description as Required<Description<"cyclic">>,
            this.#quantity,
            isWhole,
          );
        }
        break;
      case "oneCycle":
        if (this.#quantity === "rate" || description.momentum) {
          return oneCycleLines(description, this.#quantity);
        }
    }
    if (this.#quantity === "rate") return rateLines(description, isWhole);
    throw new TypeError(
      `Cannot export a schedule as every stage must have a momentum where one has: current value is ${description.kind} without`,
    );
  }

  #sequenceLines({ stages }: Description<"sequence">): string[] {
    const lines: string[] = [];
    let start = 0;
    stages.forEach(({ schedule, iterations }, i) => {
      const inner = this.#writeFrom(start, schedule);
      let local = start === 0 ? "t" : `maximum(${sinceOf(start)}, 0)`;
      if (i === stages.length - 1 && iterations !== undefined) {
        const own = traitsOf(fromDescription(schedule)).iterations;
        const held = own <= iterations ? iterations : Math.max(
          0,
          since(start)(Math.ceil(snap(start + iterations, i + 1)) - 1),
        );
        local = `minimum(${local}, ${held})`;
      }
      lines.push(
        i === 0
          ? `value = ${inner}(${local})`
          : `value = where(t >= ${start}, ${inner}(${local}), value)`,
      );
      start = snap(start + (iterations ?? Infinity), i + 1);
    });
    return [...lines, "return value"];
  }
}

/** The statements of a schedule that calls no other, in terms of t. */
function rateLines(
  description: ScheduleDescription,
  isWhole: boolean,
): string[] {
  switch (description.kind) {
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
    default:
      throw new TypeError(
        `Cannot export a schedule of kind ${description.kind}`,
      );
  }
}

const SNAPPED = `def snapped(x):
    whole = floor(x + 0.5)
    return where(abs(x - whole) <= minimum(4 * epsilon * x, 0.125), whole, x)`;

/** The parts of an exported schedule. */
export interface PythonSource {
  /** The functions that `learning_rate` needs, and itself. */
  readonly rate: string;
  /** The functions that `momentum` needs, and itself, where there is one. */
  readonly momentum?: string;
  /** The iteration to go on from. */
  readonly iteration: number;
}

/** The Python functions `learning_rate(t)` and, if it has one, `momentum(t)`. */
export function toPython(exported: Exportable): PythonSource {
  const [schedule, iteration = 0] = typeof exported === "function"
    ? [exported]
    : [exported.schedule, exported.iteration];
  const description = describe(schedule);
  const source = (quantity: Quantity, name: string) => {
    const writer = new Writer(quantity);
    writer.write(description, name);
    const source = writer.functions.join("\n\n\n");
    return usesIn(source)("snapped") ? `${SNAPPED}\n\n\n${source}` : source;
  };
  return {
    rate: source("rate", "learning_rate"),
    ...(traitsOf(schedule).momentum &&
      { momentum: source("momentum", "momentum") }),
    iteration,
  };
}

const MATH_NAMES = ["expm1", "floor", "inf", "log1p", "pi", "sin"];

const PLAIN_DEFINITIONS: Record<string, string> = {
  epsilon: "epsilon = 2.0 ** -52",
  minimum: "minimum = min",
  maximum: "maximum = max",
  where: `def where(condition, yes, no):
    return yes if condition else no`,
};

function usesIn(source: string): (name: string) => boolean {
  return (name) => new RegExp(`\\b${name}\\b`).test(source);
}

/** The import from Python's `math` of what `source` uses. */
export function mathImport(source: string): string[] {
  const names = MATH_NAMES.filter(usesIn(source));
  return names.length > 0 ? [`from math import ${names.join(", ")}`] : [];
}

/** What else `source` uses, defined for plain Python numbers. */
export function plainDefinitions(source: string): string[] {
  const used = Object.keys(PLAIN_DEFINITIONS).filter(usesIn(source))
    .map((name) => PLAIN_DEFINITIONS[name]);
  const aliases = used.filter((text) => !text.includes("\n"));
  return [
    ...(aliases.length > 0 ? [aliases.join("\n")] : []),
    ...used.filter((text) => text.includes("\n")),
  ];
}

/** The import from JAX of what `source` uses. */
export function jaxImport(source: string): string[] {
  const uses = usesIn(source);
  const names = [...MATH_NAMES, "maximum", "minimum", "where"].filter(uses);
  // Of whatever numbers JAX computes in: float32 unless told otherwise.
  const precision = uses("epsilon")
    ? ["epsilon = finfo(result_type(float)).eps"]
    : [];
  if (precision.length > 0) names.push("finfo", "result_type");
  return [
    ...(names.length > 0
      ? [`from jax.numpy import ${names.sort().join(", ")}`]
      : []),
    ...precision,
  ];
}
