import { show } from "../runtime/check_data.ts";
import { numberOf, numbersOf, parsed, type State, stateOf } from "./_import.ts";
import { constant } from "./constant.ts";
import { cosine } from "./cosine.ts";
import { cosineRestarts } from "./cosine_restarts.ts";
import { cyclic } from "./cyclic.ts";
import type { CyclicOptions } from "./cyclic_options.ts";
import { exponential } from "./exponential.ts";
import { linear } from "./linear.ts";
import { oneCycle } from "./one_cycle.ts";
import { piecewise } from "./piecewise.ts";
import { polynomial } from "./polynomial.ts";
import { scale } from "./scale.ts";
import type { Schedule } from "./schedule.ts";
import { sequence } from "./sequence.ts";
import { step } from "./step.ts";

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
      show(values)
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
  const listed = state._schedule_phases;
  if (!Array.isArray(listed) || listed.length < 2 || listed.length > 3) {
    throw new TypeError(
      `Cannot import a OneCycleLR as state._schedule_phases must be a list of 2 or 3: current value is ${
        show(listed)
      }`,
    );
  }
  const phases = listed.map((phase) => stateOf(phase, "state.phases"));
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
  const milestones = Object.entries(
    stateOf(state.milestones ?? {}, "state.milestones"),
  ).map(([at, times]) => [
    Number(at),
    numberOf({ [at]: times }, at, "state.milestones"),
  ])
    .sort(([a], [b]) => a - b);
  let lr = startLr;
  const points = [{ iteration: 0, lr }];
  for (const [iteration, times] of milestones) {
    lr *= gamma ** times;
    // A milestone at 0 lowers the rate before the first step.
    if (iteration === 0) points[0].lr = lr;
    else points.push({ iteration, lr });
  }
  return piecewise(points);
}

/** Past its end PyTorch's cosine goes up again, and on and on. */
function fromCosineState(state: State): Schedule {
  const startLr = common(state, "base_lrs");
  const endLr = numberOf(state, "eta_min", "state");
  const iterations = numberOf(state, "T_max", "state");
  const down = cosine({ startLr, endLr, iterations });
  if (!(startLr > endLr)) return down;
  const waves = cyclic({
    baseLr: endLr,
    maxLr: startLr,
    stepSize: iterations,
    waveform: "hann",
  });
  return sequence([{ schedule: down, iterations }, { schedule: waves }]);
}

function fromConstantState(state: State): Schedule {
  const lr = common(state, "base_lrs");
  const iterations = numberOf(state, "total_iters", "state");
  const startLr = lr * numberOf(state, "factor", "state");
  // With no iterations PyTorch never takes the factor back.
  if (iterations === 0) return constant(startLr);
  return piecewise([{ iteration: 0, lr: startLr }, {
    iteration: iterations,
    lr,
  }]);
}

function schedulersOf(state: State): State[] {
  const schedulers = state._schedulers;
  if (
    Array.isArray(schedulers) && schedulers.length > 0 &&
    schedulers.every((one) => typeof one === "object" && one !== null)
  ) return schedulers;
  throw new TypeError(
    `Cannot import a schedule as state._schedulers must be the states of its schedulers: current value is ${
      show(schedulers)
    }`,
  );
}

function fromSequentialState(
  state: State,
  options: FromPyTorchOptions,
): Schedule {
  const milestones = numbersOf(state, "_milestones", "state");
  const schedulers = schedulersOf(state);
  if (milestones.length !== schedulers.length - 1) {
    throw new TypeError(
      `Cannot import a schedule as state._milestones must lie between its ${schedulers.length} schedulers: current value is ${
        show(milestones)
      }`,
    );
  }
  return sequence(schedulers.map((scheduler, i) => ({
    schedule: pyTorchSchedule(scheduler, options),
    ...(i < milestones.length &&
      { iterations: milestones[i] - (milestones[i - 1] ?? 0) }),
  })));
}

/** Of these, each step multiplies the rate by a factor that no other changes. */
const CHAINABLE = [
  "step_size",
  "milestones",
  "factor",
  "start_factor",
  "power",
];

/** Whether a state is one whose rate is its start times a factor of its own. */
function isChainable(state: State): boolean {
  if (CHAINABLE.some((name) => name in state)) return true;
  if ("T_max" in state) return state.eta_min === 0;
  return "gamma" in state && !("step_ratio" in state) && !("T_0" in state);
}

function fromChainedState(
  state: State,
  options: FromPyTorchOptions,
): Schedule {
  const schedulers = schedulersOf(state);
  const other = schedulers.find((scheduler) => !isChainable(scheduler));
  if (other !== undefined) {
    throw new TypeError(
      `Cannot import a ChainedScheduler as each of its schedulers must multiply the rate by a factor, as StepLR, MultiStepLR, ConstantLR, LinearLR, PolynomialLR, ExponentialLR and, with eta_min 0, CosineAnnealingLR do: current value has one with ${
        Object.keys(other).filter((name) => !name.startsWith("_")).join(", ")
      }`,
    );
  }
  const [first, ...others] = schedulers;
  return others.reduce<Schedule>(
    (schedule, other) =>
      scale(schedule, pyTorchSchedule({ ...other, base_lrs: [1] }, options)),
    pyTorchSchedule(first, options),
  );
}

/** Says what to do with what is code, or no function of the iteration. */
function refuseWithWayOut(state: State): void {
  if ("lr_lambdas" in state) {
    throw new TypeError(
      "Cannot import a LambdaLR or MultiplicativeLR as its rate is code, which its state does not hold: write the function again, as in new LearningRateScheduler((t) => 0.1 * f(t))",
    );
  }
  if ("num_bad_epochs" in state) {
    throw new TypeError(
      "Cannot import a ReduceLROnPlateau as a schedule, since its rate depends on what training reaches: use ReduceLROnPlateau of @clr/clr/training",
    );
  }
}

/**
 * The schedule of a PyTorch scheduler, from its `state_dict()` as JSON, and the
 * iteration it had come to: `CyclicLR`, `OneCycleLR`, `CosineAnnealingLR`,
 * `CosineAnnealingWarmRestarts`, `StepLR`, `MultiStepLR`, `ConstantLR`,
 * `LinearLR`, `PolynomialLR`, `ExponentialLR`, and `SequentialLR` and
 * `ChainedScheduler` of these, stepped once a batch.
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
  const data = stateOf(parsed(state), "state");
  const schedule = pyTorchSchedule(data, options);
  // A ChainedScheduler counts by its schedulers alone.
  const counts = "last_epoch" in data || !("_schedulers" in data)
    ? data
    : schedulersOf(data)[0];
  return { schedule, iteration: numberOf(counts, "last_epoch", "state") };
}

function pyTorchSchedule(data: State, options: FromPyTorchOptions): Schedule {
  const number = (name: string) => numberOf(data, name, "state");
  refuseWithWayOut(data);
  if ("_milestones" in data) return fromSequentialState(data, options);
  if ("_schedulers" in data) return fromChainedState(data, options);
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
  if ("T_max" in data) return fromCosineState(data);
  if ("step_size" in data) {
    const stepSize = number("step_size");
    const factor = number("gamma");
    return factor > 1
      ? exponential({ startLr, factor, iterations: stepSize, staircase: true })
      : step({ startLr, stepSize, factor });
  }
  if ("start_factor" in data) {
    const iterations = number("total_iters");
    const first = startLr * number("start_factor");
    // With no iterations PyTorch never leaves the first factor.
    if (iterations === 0) return constant(first);
    const endLr = startLr * number("end_factor");
    return linear({ startLr: first, endLr, iterations });
  }
  if ("factor" in data) return fromConstantState(data);
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
