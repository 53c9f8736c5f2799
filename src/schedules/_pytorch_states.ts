/**
 * The schedules of PyTorch's own schedulers, each from its `state_dict()`.
 *
 * @module
 */

import { show } from "../runtime/check_data.ts";
import { numberOf, type State, stateOf } from "./_import.ts";
import { constant } from "./constant.ts";
import { cosine } from "./cosine.ts";
import { cyclic } from "./cyclic.ts";
import type { CyclicOptions } from "./cyclic_options.ts";
import { exponential } from "./exponential.ts";
import { linear } from "./linear.ts";
import { oneCycle } from "./one_cycle.ts";
import { piecewise } from "./piecewise.ts";
import type { Schedule } from "./schedule.ts";
import { sequence } from "./sequence.ts";
import { step } from "./step.ts";

/** The one value of a list with an entry for each group of parameters. */
export function common(state: State, name: string): number {
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
    }${wayOutOfTensors(values)}`,
  );
}

/** An optimizer whose rate is a tensor has tensors in its schedulers' states. */
function wayOutOfTensors(values: unknown): string {
  const [first] = Array.isArray(values) ? values : [];
  return typeof first === "string" && first.startsWith("tensor(")
    ? '; dump tensors as numbers, with default=lambda x: x.item() if hasattr(x, "item") else str(x)'
    : "";
}

/** Undoes the rounding of `stepSize / total` where there is a whole step size. */
function stepSizeOf(total: number, ratio: number): number {
  const whole = Math.round(total * ratio);
  return whole / total === ratio ? whole : total * ratio;
}

/** The schedule of a `CyclicLR`. */
export function fromCyclicState(state: State): Schedule {
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

/** The schedule of a `OneCycleLR`, whose rates are in the optimizer's group. */
export function fromOneCycleState(
  state: State,
  group: State | undefined,
): Schedule {
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
  const rise = numberOf(phases[0], "end_step", "state._schedule_phases[0]");
  if (rise < 0) {
    throw new RangeError(
      `Cannot import a OneCycleLR as its rise, pct_start * total_steps - 1, must end at step 0 or later: current value is ${rise}, at which PyTorch starts below max_lr and oneCycle at it`,
    );
  }
  // Its name, or the function as text: which depends on PyTorch's version.
  const anneal = state._anneal_func_type ?? state.anneal_func;
  const said = typeof anneal === "string" ? anneal : "";
  const kind = said.includes("linear")
    ? "linear"
    : said.includes("cos")
    ? "cosine"
    : undefined;
  if (kind === undefined) {
    throw new TypeError(
      `Cannot import a OneCycleLR as _anneal_func_type, or anneal_func as text, must name its shape, "linear" or "cos": current value is ${
        show(anneal ?? "missing")
      }`,
    );
  }
  return oneCycle({
    maxLr,
    iterations,
    pctStart: (rise + 1) / iterations,
    divFactor: maxLr / startLr,
    finalDivFactor: startLr / endLr,
    anneal: kind,
    threePhase: phases.length === 3,
    ...(state.cycle_momentum === true && {
      momentum: {
        base: numberOf(group, "base_momentum", "paramGroup"),
        max: numberOf(group, "max_momentum", "paramGroup"),
      },
    }),
  });
}

/** The schedule of a `MultiStepLR`. */
export function fromMilestones(state: State): Schedule {
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

/** That of a `CosineAnnealingLR`, which past its end goes back again, and on and on. */
export function fromCosineState(state: State): Schedule {
  const startLr = common(state, "base_lrs");
  const endLr = numberOf(state, "eta_min", "state");
  const iterations = numberOf(state, "T_max", "state");
  if (startLr === endLr) return constant(startLr);
  const waves = cyclic({
    baseLr: Math.min(startLr, endLr),
    maxLr: Math.max(startLr, endLr),
    stepSize: iterations,
    waveform: "hann",
  });
  // To an eta_min above the rate it goes up first.
  if (startLr < endLr) return waves;
  const down = cosine({ startLr, endLr, iterations });
  return sequence([{ schedule: down, iterations }, { schedule: waves }]);
}

/** The schedule of a `ConstantLR`. */
export function fromConstantState(state: State): Schedule {
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

/** The schedule of a `LinearLR`. */
export function fromLinearState(state: State): Schedule {
  const lr = common(state, "base_lrs");
  const iterations = numberOf(state, "total_iters", "state");
  const startLr = lr * numberOf(state, "start_factor", "state");
  // With no iterations PyTorch never leaves the first factor.
  if (iterations === 0) return constant(startLr);
  const endLr = lr * numberOf(state, "end_factor", "state");
  return linear({ startLr, endLr, iterations });
}

/** The schedule of a `StepLR`. */
export function fromStepState(state: State): Schedule {
  const startLr = common(state, "base_lrs");
  const stepSize = numberOf(state, "step_size", "state");
  const factor = numberOf(state, "gamma", "state");
  return factor > 1
    ? exponential({ startLr, factor, iterations: stepSize, staircase: true })
    : step({ startLr, stepSize, factor });
}
