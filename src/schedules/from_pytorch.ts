import { show } from "../runtime/check_data.ts";
import { numberOf, numbersOf, parsed, type State, stateOf } from "./_import.ts";
import {
  common,
  fromConstantState,
  fromCosineState,
  fromCyclicState,
  fromLinearState,
  fromMilestones,
  fromOneCycleState,
  fromStepState,
} from "./_pytorch_states.ts";
import { cosineRestarts } from "./cosine_restarts.ts";
import { exponential } from "./exponential.ts";
import { polynomial } from "./polynomial.ts";
import { scale } from "./scale.ts";
import type { Schedule } from "./schedule.ts";
import { sequence } from "./sequence.ts";

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
 * `json.dumps(scheduler.state_dict(), default=str)`. Where the optimizer's rate
 * is a tensor, with `default=lambda x: x.item() if hasattr(x, "item") else
 * str(x)`, as the text of a tensor has four digits.
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
  if ("step_size" in data) return fromStepState(data);
  if ("start_factor" in data) return fromLinearState(data);
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
