import { show } from "../runtime/check_data.ts";
import { numberOf, numbersOf, type State, stateOf } from "./_import.ts";
import { cosine } from "./cosine.ts";
import { cosineRestarts } from "./cosine_restarts.ts";
import { cyclic } from "./cyclic.ts";
import type { CyclicOptions } from "./cyclic_options.ts";
import { exponential } from "./exponential.ts";
import { inverseTime } from "./inverse_time.ts";
import { piecewise } from "./piecewise.ts";
import { polynomial } from "./polynomial.ts";
import type { Schedule } from "./schedule.ts";
import { warmup } from "./warmup.ts";

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
 * is a `scale_fn`, which is code.
 * @throws {RangeError} If an argument is not valid for the schedule.
 */
export function fromKeras(keras: KerasSchedule): Schedule {
  const { class_name: name, config: given } = stateOf(keras, "keras");
  const make = KERAS.get(name as string);
  if (make === undefined) {
    throw new TypeError(
      `Cannot import a schedule as its class must be one of ${
        [...KERAS.keys()].join(", ")
      }: current value is ${show(name)}`,
    );
  }
  const config = stateOf(given, "keras.config");
  return make(config, (argument, fallback) => {
    const value = config[argument] ?? fallback;
    return numberOf({ [argument]: value }, argument, name as string);
  });
}

type KerasMaker = (
  config: State,
  number: (argument: string, fallback?: number) => number,
) => Schedule;

const KERAS: ReadonlyMap<string, KerasMaker> = new Map(Object.entries({
  CyclicLR: (config, number) => {
    if (config.scale_fn !== undefined && config.scale_fn !== null) {
      throw new TypeError(
        `Cannot import a schedule as it must have no scale_fn, which is code: make it with cyclic({ scaleFn })`,
      );
    }
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
  PolynomialDecay: (config, number) =>
    polynomial({
      startLr: number("initial_learning_rate"),
      endLr: number("end_learning_rate", 0.0001),
      iterations: number("decay_steps"),
      power: number("power", 1),
      cycle: config.cycle === true,
    }),
  PiecewiseConstantDecay: (config) => {
    const from = "PiecewiseConstantDecay";
    const values = numbersOf(config, "values", from);
    const boundaries = numbersOf(config, "boundaries", from);
    if (values.length !== boundaries.length + 1) {
      throw new TypeError(
        `Cannot import a schedule as ${from}.values must have one number more than boundaries (${boundaries.length}): current value has ${values.length}`,
      );
    }
    // Keras keeps the old rate at the boundary itself.
    const points = boundaries.map((boundary, i) => ({
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
}));
