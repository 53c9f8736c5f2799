/** What is known of the schedules that this folder makes. */

import type { ScheduleDescription } from "./description.ts";
import type { Schedule } from "./schedule.ts";

/** What is known of a schedule beyond its values. */
export interface Traits {
  /** Absent if it holds a function of one's own. */
  readonly description?: ScheduleDescription;
  /** After how many iterations the rate changes no more; Infinity if never. */
  readonly iterations: number;
  /** The momentum of an iteration, where the schedule has one. */
  readonly momentum?: (iteration: number) => number | undefined;
}

const known = new WeakMap<Schedule, Traits>();

/** Notes the traits of `schedule` and returns it. */
export function withTraits(schedule: Schedule, traits: Traits): Schedule {
  known.set(schedule, traits);
  return schedule;
}

/** The traits of `schedule`; a function of one's own has none and no end. */
export function traitsOf(schedule: Schedule): Traits {
  return known.get(schedule) ?? { iterations: Infinity };
}
