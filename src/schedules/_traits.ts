/** What is known of the schedules that this folder makes. */

import type { Schedule } from "./schedule.ts";

/** What is known of a schedule beyond its values. */
export interface Traits {
  /**
   * The function that makes it, by name, and its options, as plain data; absent
   * if it holds a function of one's own.
   */
  readonly description?: {
    readonly kind: string;
    readonly [option: string]: unknown;
  };
  /** After how many iterations the rate changes no more; Infinity if never. */
  readonly iterations: number;
  /** The momentum of an iteration, where the schedule has one. */
  readonly momentum?: Schedule["momentum"];
}

const known = new WeakMap<Schedule, Traits>();

let momentumCalls = 0;

/**
 * How often schedules with a momentum were called so far. Where it rises while a
 * schedule without one is evaluated, that one wraps one with, whose momentum it
 * loses.
 */
export function callsWithMomentum(): number {
  return momentumCalls;
}

/** The schedule that has the rates of `rate`, and these traits. */
export function withTraits(
  rate: (iteration: number) => number,
  traits: Traits,
): Schedule {
  const { momentum } = traits;
  const schedule: Schedule = momentum === undefined ? rate : Object.assign(
    (iteration: number) => {
      momentumCalls++;
      return rate(iteration);
    },
    { momentum },
  );
  known.set(schedule, traits);
  // What `console.log` shows of a function: [Function: cosine].
  const value = traits.description?.kind ?? "schedule";
  Object.defineProperty(schedule, "name", { value, configurable: true });
  return schedule;
}

/** The traits of `schedule`; a function of one's own has no end. */
export function traitsOf(schedule: Schedule): Traits {
  const traits = known.get(schedule);
  if (traits !== undefined) return traits;
  const { momentum } = schedule;
  return { iterations: Infinity, ...(momentum && { momentum }) };
}
