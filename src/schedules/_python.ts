/**
 * Schedules as Python source: a function for each, of `_python_statements.ts`,
 * and what joins those of schedules that call others.
 */

import { show } from "./_check.ts";
import { since, snap } from "./_multiples.ts";
import { snappedDefinition } from "./_python_names.ts";
import { type Quantity, remaining, sinceOf } from "./_python_expressions.ts";
import { statementsOf } from "./_python_statements.ts";
import { traitsOf } from "./_traits.ts";
import {
  describe,
  type DescriptionOf,
  fromDescription,
  type ScheduleDescription,
} from "./description.ts";
import { scale } from "./scale.ts";
import type { Schedule } from "./schedule.ts";

/** A schedule, or a scheduler that follows one, such as a `CyclicLR`. */
export type Exportable = Schedule | {
  /** The schedule. */
  readonly schedule: Schedule;
  /** The iteration that it has come to. */
  readonly iteration?: number;
  /** What the rates of the schedule are multiplied by. @default {1} */
  readonly scale?: number;
};

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
      default:
        return statementsOf(description, {
          quantity: this.#quantity,
          isWhole: this.#isWhole,
        });
    }
  }

  #sequenceLines({ stages }: DescriptionOf<"sequence">): string[] {
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

/** The parts of an exported schedule. */
export interface PythonSource {
  /** The functions that `learning_rate` needs, and itself. */
  readonly rate: string;
  /** The functions that `momentum` needs, and itself, where there is one. */
  readonly momentum?: string;
  /** The iteration to go on from. */
  readonly iteration: number;
}

/**
 * A schedule, or that of a scheduler, and where it is.
 *
 * @throws {TypeError} If it is neither.
 * @throws {RangeError} If it is a scheduler that waits to be told its length.
 */
export function scheduleOf(
  exported: Exportable,
): { schedule: Schedule; iteration: number } {
  if (typeof exported === "function") {
    return { schedule: exported, iteration: 0 };
  }
  const { schedule, iteration = 0, scale: factor = 1 } = Object(exported);
  if (typeof schedule === "function") {
    // One that is not known yet, as its epochs are not, says so itself.
    schedule(iteration);
    return {
      schedule: factor === 1 ? schedule : scale(schedule, factor),
      iteration,
    };
  }
  throw new TypeError(
    `Cannot export a schedule as it must be one, or a scheduler: current value is ${
      show(exported)
    }`,
  );
}

/** The Python functions `learning_rate(t)` and, if it has one, `momentum(t)`. */
export function toPython(exported: Exportable): PythonSource {
  const { schedule, iteration } = scheduleOf(exported);
  const description = describe(schedule);
  const source = (quantity: Quantity, name: string) => {
    const writer = new Writer(quantity);
    writer.write(description, name);
    const source = writer.functions.join("\n\n\n");
    return [...snappedDefinition(source), source].join("\n\n\n");
  };
  return {
    rate: source("rate", "learning_rate"),
    ...(traitsOf(schedule).momentum &&
      { momentum: source("momentum", "momentum") }),
    iteration,
  };
}
