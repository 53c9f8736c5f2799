import { show } from "./_check.ts";
import { traitsOf } from "./_traits.ts";
import { clamp, type ClampOptions } from "./clamp.ts";
import { constant } from "./constant.ts";
import { cosine, type CosineOptions } from "./cosine.ts";
import {
  cosineRestarts,
  type CosineRestartsOptions,
} from "./cosine_restarts.ts";
import { cyclic } from "./cyclic.ts";
import type { CyclicOptions } from "./cyclic_options.ts";
import { exponential, type ExponentialOptions } from "./exponential.ts";
import { inverseTime, type InverseTimeOptions } from "./inverse_time.ts";
import { linear, type LinearOptions } from "./linear.ts";
import { oneCycle, type OneCycleOptions } from "./one_cycle.ts";
import {
  piecewise,
  type PiecewiseOptions,
  type PiecewisePoint,
} from "./piecewise.ts";
import { polynomial, type PolynomialOptions } from "./polynomial.ts";
import { scale } from "./scale.ts";
import type { Schedule } from "./schedule.ts";
import { sequence } from "./sequence.ts";
import { step, type StepOptions } from "./step.ts";
import { warmup, type WarmupOptions } from "./warmup.ts";
import {
  warmupStableDecay,
  type WarmupStableDecayOptions,
} from "./warmup_stable_decay.ts";

/** A stage of a sequence as plain data. */
export interface StageDescription {
  /** The schedule of the stage. */
  readonly schedule: ScheduleDescription;
  /** The iterations of the stage; absent if the last one has no end. */
  readonly iterations?: number;
}

/**
 * A schedule as plain data, fit for JSON: the function that makes it, by name,
 * and its options.
 */
export type ScheduleDescription =
  | { readonly kind: "constant"; readonly lr: number }
  | { readonly kind: "linear" } & Readonly<Required<LinearOptions>>
  | { readonly kind: "cosine" } & Readonly<Required<CosineOptions>>
  | { readonly kind: "polynomial" }
    & Readonly<
      Required<Omit<PolynomialOptions, "cycle">>
    >
    & Readonly<Pick<PolynomialOptions, "cycle">>
  | { readonly kind: "step" } & Readonly<Required<StepOptions>>
  | { readonly kind: "exponential" } & Readonly<ExponentialOptions>
  | { readonly kind: "inverseTime" } & Readonly<Required<InverseTimeOptions>>
  | { readonly kind: "cyclic" } & Readonly<Omit<CyclicOptions, "scaleFn">>
  | { readonly kind: "oneCycle" } & Readonly<OneCycleOptions>
  | { readonly kind: "cosineRestarts" } & Readonly<CosineRestartsOptions>
  | { readonly kind: "warmupStableDecay" }
    & Readonly<
      WarmupStableDecayOptions
    >
  | { readonly kind: "piecewise"; readonly points: readonly PiecewisePoint[] }
    & Readonly<PiecewiseOptions>
  | { readonly kind: "sequence"; readonly stages: readonly StageDescription[] }
  | { readonly kind: "warmup"; readonly schedule: ScheduleDescription }
    & Readonly<WarmupOptions>
  | {
    readonly kind: "scale";
    readonly schedule: ScheduleDescription;
    readonly factor: number | ScheduleDescription;
  }
  | { readonly kind: "clamp"; readonly schedule: ScheduleDescription }
    & Readonly<ClampOptions>;

/** The description of a schedule of one kind. */
export type DescriptionOf<K extends ScheduleDescription["kind"]> = Extract<
  ScheduleDescription,
  { kind: K }
>;

/**
 * A schedule of this module as plain data, every default filled in. What
 * {@linkcode fromDescription} makes of it gives the same rates to the bit.
 *
 * @example
 * ```ts
 * import { cosine, describe, fromDescription, warmup } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = warmup(cosine({ startLr: 0.1, iterations: 90 }), { iterations: 10 });
 * const json = JSON.stringify(describe(rate));
 * assertEquals(fromDescription(JSON.parse(json))(42), rate(42));
 * ```
 *
 * @throws {TypeError} If the schedule is, or is made with, a function of one's
 * own: it cannot be described.
 */
export function describe(schedule: Schedule): ScheduleDescription {
  const description = typeof schedule === "function"
    ? traitsOf(schedule).description
    : undefined;
  if (description) return structuredClone(description) as ScheduleDescription;
  throw new TypeError(
    "Cannot describe a schedule as it must be made by @clr/clr/schedules, without a scaleFn or schedule of one's own: current value is " +
      show(schedule),
  );
}

/**
 * The schedule of a {@linkcode ScheduleDescription}.
 *
 * @throws {RangeError} If the kind is unknown or the options are not valid.
 * @throws {TypeError} If it is no description, or a part of it is none.
 *
 * @example
 * ```ts
 * import { fromDescription } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(fromDescription({ kind: "constant", lr: 0.1 })(7), 0.1);
 * ```
 */
export function fromDescription(description: ScheduleDescription): Schedule {
  if (typeof description !== "object" || description === null) {
    throw new TypeError(
      `Cannot make a schedule as its description must be an object: current value is ${
        show(description)
      }`,
    );
  }
  switch (description.kind) {
    case "constant":
      return constant(description.lr);
    case "linear":
      return linear(optionsOf(description));
    case "cosine":
      return cosine(optionsOf(description));
    case "polynomial":
      return polynomial(optionsOf(description));
    case "step":
      return step(optionsOf(description));
    case "exponential":
      return exponential(optionsOf(description));
    case "inverseTime":
      return inverseTime(optionsOf(description));
    case "cyclic":
      return cyclic(optionsOf(description));
    case "oneCycle":
      return oneCycle(optionsOf(description));
    case "cosineRestarts":
      return cosineRestarts(optionsOf(description));
    case "warmupStableDecay":
      return warmupStableDecay(optionsOf(description));
    case "piecewise": {
      const { points, ...options } = optionsOf(description);
      return piecewise(points, options);
    }
    case "sequence":
      if (!Array.isArray(description.stages)) {
        throw new TypeError(
          `Cannot make a schedule as its stages must be a list: current value is ${
            show(description.stages)
          }`,
        );
      }
      return sequence(
        (description.stages as readonly (StageDescription | null)[]).map(
          (stage) => ({
            schedule: fromDescription(stage?.schedule as ScheduleDescription),
            iterations: stage?.iterations,
          }),
        ),
      );
    case "warmup": {
      const { schedule, ...options } = optionsOf(description);
      return warmup(fromDescription(schedule), options);
    }
    case "scale":
      return scale(
        fromDescription(description.schedule),
        typeof description.factor === "number"
          ? description.factor
          : fromDescription(description.factor),
      );
    case "clamp": {
      const { schedule, ...options } = optionsOf(description);
      return clamp(fromDescription(schedule), options);
    }
    default:
      throw new RangeError(
        `Cannot make a schedule as its kind must be known: current value is ${
          show((description as { kind?: unknown }).kind)
        }`,
      );
  }
}

/** A description without its kind: the options of the function of that name. */
function optionsOf<D extends ScheduleDescription>(
  description: D,
): Omit<D, "kind"> {
  const { kind: _, ...options } = description;
  return options;
}
