import { cosine } from "./cosine.ts";
import { cosineRestarts } from "./cosine_restarts.ts";
import { cyclic, type CyclicOptions } from "./cyclic.ts";
import { exponential } from "./exponential.ts";
import { inverseTime } from "./inverse_time.ts";
import { linear } from "./linear.ts";
import { oneCycle } from "./one_cycle.ts";
import { piecewise } from "./piecewise.ts";
import { polynomial } from "./polynomial.ts";
import type { Schedule } from "./schedule.ts";
import { step } from "./step.ts";
import { warmup } from "./warmup.ts";

/** A schedule of PyTorch, and how far it has come. */
export interface ImportedSchedule {
  /** The schedule. */
  readonly schedule: Schedule;
  /** The iteration that it had come to. */
  readonly iteration: number;
}

/** Options of {@linkcode fromPyTorch}. */
export interface FromPyTorchOptions {
  /**
   * `optimizer.state_dict()["param_groups"][0]`. Needed for a `OneCycleLR`,
   * which keeps its rates there.
   */
  paramGroup?: Record<string, unknown>;
}

type State = Record<string, unknown>;

function numberOf(state: State, name: string, from: string): number {
  const value = state[name];
  if (typeof value === "number") return value;
  throw new TypeError(
    `Cannot import a schedule as ${from}.${name} must be a number: current value is ${
      JSON.stringify(value)
    }`,
  );
}

/** The one value of a list with an entry for each group of parameters. */
function common(state: State, name: string): number {
  const values = state[name];
  if (
    Array.isArray(values) && typeof values[0] === "number" &&
    values.every((value) => value === values[0])
  ) {
    return values[0];
  }
  throw new TypeError(
    `Cannot import a schedule as state.${name} must be a list of one and the same number: current value is ${
      JSON.stringify(values)
    }`,
  );
}

/** Undoes the rounding of `stepSize / total` where there is a whole step size. */
function stepSizeOf(total: number, ratio: number): number {
  const whole = Math.round(total * ratio);
  return whole / total === ratio ? whole : total * ratio;
}

function fromCyclicState(state: State): Schedule {
  const total = numberOf(state, "total_size", "state");
  const up = stepSizeOf(total, numberOf(state, "step_ratio", "state"));
  const custom = state._scale_fn_custom;
  if (custom !== undefined && custom !== null) {
    throw new TypeError(
      "Cannot import a schedule as it must have no scale_fn of its own, which is code: make it with cyclic({ scaleFn })",
    );
  }
  return cyclic({
    baseLr: common(state, "base_lrs"),
    maxLr: common(state, "max_lrs"),
    stepSize: up,
    stepSizeDown: total - up,
    mode: state.mode as CyclicOptions["mode"],
    gamma: numberOf(state, "gamma", "state"),
    ...(state.cycle_momentum === true && {
      momentum: {
        base: common(state, "base_momentums"),
        max: common(state, "max_momentums"),
      },
    }),
  });
}

function fromOneCycleState(state: State, group: State | undefined): Schedule {
  if (group === undefined) {
    throw new TypeError(
      'Cannot import a OneCycleLR as its rates must be known: pass optimizer.state_dict()["param_groups"][0] as { paramGroup }',
    );
  }
  const iterations = numberOf(state, "total_steps", "state");
  const phases = state._schedule_phases as State[];
  const [maxLr, startLr, endLr] = ["max_lr", "initial_lr", "min_lr"]
    .map((name) => numberOf(group, name, "paramGroup"));
  // Its name, or the function as text: which depends on PyTorch's version.
  const anneal = String(state._anneal_func_type ?? state.anneal_func);
  return oneCycle({
    maxLr,
    iterations,
    pctStart: (numberOf(phases[0], "end_step", "state.phases[0]") + 1) /
      iterations,
    divFactor: maxLr / startLr,
    finalDivFactor: startLr / endLr,
    anneal: anneal.includes("linear") ? "linear" : "cosine",
    threePhase: phases.length === 3,
    ...(state.cycle_momentum === true && {
      momentum: {
        base: numberOf(group, "base_momentum", "paramGroup"),
        max: numberOf(group, "max_momentum", "paramGroup"),
      },
    }),
  });
}

function fromMilestones(state: State): Schedule {
  const startLr = common(state, "base_lrs");
  const gamma = numberOf(state, "gamma", "state");
  let lr = startLr;
  const points = Object.entries(state.milestones as Record<string, number>)
    .map(([iteration, times]) => [Number(iteration), times])
    .sort(([a], [b]) => a - b)
    .map(([iteration, times]) => ({ iteration, lr: lr *= gamma ** times }));
  return piecewise([{ iteration: 0, lr: startLr }, ...points]);
}

/**
 * The schedule of a PyTorch scheduler, from its `state_dict()` as JSON, and the
 * iteration it had come to: `CyclicLR`, `OneCycleLR`,
 * `CosineAnnealingWarmRestarts`, `StepLR`, `MultiStepLR`, `LinearLR`,
 * `PolynomialLR` and `ExponentialLR`, stepped once a batch.
 *
 * A state holds more than JSON can: dump it with
 * `json.dumps(scheduler.state_dict(), default=str)`.
 *
 * @example
 * ```ts
 * import { fromPyTorch } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const { schedule, iteration } = fromPyTorch({
 *   T_0: 10, T_mult: 2, eta_min: 0.001, base_lrs: [0.1], last_epoch: 10,
 * });
 * assertEquals(schedule(iteration), 0.1);
 * ```
 *
 * @param state The state, or its JSON text.
 * @throws {TypeError} If the state is none of these, a value is missing, or the
 * groups of parameters have different rates.
 * @throws {RangeError} If a value is not valid for the schedule.
 */
export function fromPyTorch(
  state: string | Record<string, unknown>,
  options: FromPyTorchOptions = {},
): ImportedSchedule {
  const data = (typeof state === "string" ? JSON.parse(state) : state) as State;
  return {
    schedule: pyTorchSchedule(data, options),
    iteration: numberOf(data, "last_epoch", "state"),
  };
}

function pyTorchSchedule(data: State, options: FromPyTorchOptions): Schedule {
  const number = (name: string) => numberOf(data, name, "state");
  if ("step_ratio" in data) return fromCyclicState(data);
  if ("_schedule_phases" in data) {
    return fromOneCycleState(data, options.paramGroup);
  }
  if ("milestones" in data) return fromMilestones(data);
  const startLr = common(data, "base_lrs");
  if ("T_0" in data) {
    return cosineRestarts({
      maxLr: startLr,
      minLr: number("eta_min"),
      cycleSize: number("T_0"),
      cycleFactor: number("T_mult"),
    });
  }
  if ("step_size" in data) {
    const stepSize = number("step_size");
    return step({ startLr, stepSize, factor: number("gamma") });
  }
  if ("start_factor" in data) {
    return linear({
      startLr: startLr * number("start_factor"),
      endLr: startLr * number("end_factor"),
      iterations: number("total_iters"),
    });
  }
  if ("power" in data) {
    const iterations = number("total_iters");
    return polynomial({ startLr, iterations, power: number("power") });
  }
  if ("gamma" in data) return exponential({ startLr, factor: number("gamma") });
  throw new TypeError(
    `Cannot import a schedule as its state must be of a known PyTorch scheduler: current value has ${
      Object.keys(data).join(", ")
    }`,
  );
}

/** A Keras schedule or callback by name, with its constructor's arguments. */
export interface KerasSchedule {
  /** Such as `"ExponentialDecay"` or, for the callback, `"CyclicLR"`. */
  class_name: string;
  /** The constructor's arguments by name. Those left out have Keras's defaults. */
  config: Record<string, unknown>;
}

/**
 * The schedule of Keras constructor arguments, as also
 * `keras.optimizers.schedules.serialize(schedule)` gives them:
 * `ExponentialDecay`, `PolynomialDecay`, `InverseTimeDecay`,
 * `PiecewiseConstantDecay`, `CosineDecay` and `CosineDecayRestarts`, and of the
 * callback `CyclicLR`, with Keras's defaults, a `gamma` of 1 among them.
 *
 * @example
 * ```ts
 * import { fromKeras } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = fromKeras({
 *   class_name: "CyclicLR",
 *   config: { base_lr: 0.001, max_lr: 0.006, step_size: 2000 },
 * });
 * assertEquals(rate(2000), 0.006);
 * ```
 *
 * @throws {TypeError} If the class is none of these, an argument is missing, or
 * is one that has no equal here (`cycle` of `PolynomialDecay`, a `scale_fn`).
 * @throws {RangeError} If an argument is not valid for the schedule.
 */
export function fromKeras(keras: KerasSchedule): Schedule {
  const { class_name: name, config } = keras;
  const make = KERAS[name];
  if (make === undefined) {
    throw new TypeError(
      `Cannot import a schedule as its class must be one of ${
        Object.keys(KERAS).join(", ")
      }: current value is "${name}"`,
    );
  }
  return make(config, (argument, fallback) => {
    const value = config[argument] ?? fallback;
    return numberOf({ [argument]: value }, argument, name);
  });
}

function refuse(config: State, argument: string) {
  const value = config[argument];
  if (value === undefined || value === null || value === false) return;
  throw new TypeError(
    `Cannot import a schedule as ${argument} must not be used, which has no equal here: current value is ${value}`,
  );
}

type KerasMaker = (
  config: State,
  number: (argument: string, fallback?: number) => number,
) => Schedule;

const KERAS: Record<string, KerasMaker> = {
  CyclicLR: (config, number) => {
    refuse(config, "scale_fn");
    return cyclic({
      baseLr: number("base_lr", 0.001),
      maxLr: number("max_lr", 0.006),
      stepSize: number("step_size", 2000),
      mode: (config.mode ?? "triangular") as CyclicOptions["mode"],
      gamma: number("gamma", 1),
    });
  },
  ExponentialDecay: (config, number) =>
    exponential({
      startLr: number("initial_learning_rate"),
      factor: number("decay_rate"),
      iterations: number("decay_steps"),
      staircase: config.staircase === true,
    }),
  InverseTimeDecay: (config, number) =>
    inverseTime({
      startLr: number("initial_learning_rate"),
      decayRate: number("decay_rate"),
      iterations: number("decay_steps"),
      staircase: config.staircase === true,
    }),
  PolynomialDecay: (config, number) => {
    refuse(config, "cycle");
    return polynomial({
      startLr: number("initial_learning_rate"),
      endLr: number("end_learning_rate", 0.0001),
      iterations: number("decay_steps"),
      power: number("power", 1),
    });
  },
  PiecewiseConstantDecay: (config) => {
    const values = config.values as number[];
    // Keras keeps the old rate at the boundary itself.
    const points = (config.boundaries as number[]).map((boundary, i) => ({
      iteration: Math.floor(boundary) + 1,
      lr: values[i + 1],
    }));
    return piecewise([{ iteration: 0, lr: values[0] }, ...points]);
  },
  CosineDecay: (config, number) => {
    const initial = number("initial_learning_rate");
    const target = config.warmup_target;
    const rises = typeof target === "number";
    const startLr = rises ? target : initial;
    const decay = cosine({
      startLr,
      endLr: startLr * number("alpha", 0),
      iterations: number("decay_steps"),
    });
    const iterations = number("warmup_steps", 0);
    return rises && iterations > 0
      ? warmup(decay, { iterations, startLr: initial })
      : decay;
  },
  CosineDecayRestarts: (_, number) => {
    const maxLr = number("initial_learning_rate");
    const minLr = maxLr * number("alpha", 0);
    return cosineRestarts({
      maxLr,
      minLr,
      cycleSize: number("first_decay_steps"),
      cycleFactor: number("t_mul", 2),
      amplitudeFactor: number("m_mul", 1),
    });
  },
};
