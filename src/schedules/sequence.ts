import {
  checkFunction,
  checkIteration,
  checkObjects,
  checkPositive,
} from "./_check.ts";
import { since, snap } from "./_multiples.ts";
import { traitsOf, withTraits } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";

/** A stage of {@linkcode sequence}. */
export interface SequenceStage {
  /** The schedule, which starts at its iteration 0 when the stage begins. */
  readonly schedule: Schedule;
  /**
   * The iterations of the stage. By default as many as the schedule has; only
   * the last stage may have no end.
   */
  readonly iterations?: number;
}

const ACTION = "create a sequence of schedules";

/**
 * Schedules one after another. Each begins at its own iteration 0 with the first
 * iteration of its stage; the stage of n iterations evaluates it at 0 … n − 1.
 *
 * Past the end the last value holds: the end of a schedule that has reached it,
 * such as `linear`, and otherwise the rate of the last iteration.
 *
 * @example A triangle in two stages of the paper's Table 2, then a lower one
 * ```ts
 * import { cyclic, sequence } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = sequence([
 *   { schedule: cyclic({ baseLr: 0.001, maxLr: 0.005 }), iterations: 16_000 },
 *   { schedule: cyclic({ baseLr: 0.0001, maxLr: 0.0005 }), iterations: 8_000 },
 *   { schedule: cyclic({ baseLr: 0.00001, maxLr: 0.00005 }) },
 * ]);
 * assertEquals(
 *   [2_000, 16_000, 18_000, 24_000].map(rate),
 *   [0.005, 0.0001, 0.0005, 0.00001],
 * );
 * ```
 *
 * @throws {RangeError} If there is no stage, or the iterations of a stage are
 * not finite and > 0, other than the last's, or absent for a schedule without
 * end.
 * @throws {TypeError} If a schedule is not a function.
 */
export function sequence(stages: readonly SequenceStage[]): Schedule {
  checkObjects(ACTION, { stages }, "{ schedule, iterations }");
  if (stages.length === 0) {
    throw new RangeError(
      `Cannot ${ACTION} as it must have a stage: current value is []`,
    );
  }
  const lastIndex = stages.length - 1;
  let end = 0;
  const own = stages.map(({ schedule, iterations }, i) => {
    checkFunction(ACTION, `stages[${i}].schedule`, schedule);
    const traits = traitsOf(schedule);
    const open = i === lastIndex && iterations === undefined;
    const length = open ? Infinity : iterations ?? traits.iterations;
    if (!open) checkPositive(ACTION, `stages[${i}].iterations`, length);
    const start = end;
    end = snap(end + length, i + 1);
    return { schedule, traits, start, end, length, since: since(start) };
  });
  const last = own[lastIndex];
  const held = last.traits.iterations <= last.length
    ? last.length
    : Math.max(0, last.since(Math.ceil(last.end) - 1));

  // Past the end, the last stage at the iteration whose rate holds.
  function locate(iteration: number): [typeof last, number] {
    checkIteration(iteration);
    if (iteration >= last.end) return [last, held];
    let [low, high] = [0, lastIndex];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (iteration < own[middle].end) high = middle;
      else low = middle + 1;
    }
    return [own[low], own[low].since(iteration)];
  }

  const descriptions = own.map(({ traits, length }) =>
    traits.description &&
    {
      schedule: traits.description,
      ...(length === Infinity ? {} : { iterations: length }),
    }
  );
  return withTraits((iteration) => {
    const [stage, local] = locate(iteration);
    return stage.schedule(local);
  }, {
    ...(descriptions.every((description) => description !== undefined) &&
      { description: { kind: "sequence", stages: descriptions } }),
    iterations: last.start + Math.min(last.length, last.traits.iterations),
    ...(own.some(({ traits }) => traits.momentum) && {
      momentum: (iteration: number) => {
        const [stage, local] = locate(iteration);
        return stage.traits.momentum?.(local);
      },
    }),
  });
}
