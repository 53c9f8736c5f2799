import { anyNumber, checkOptions, number } from "../runtime/check_data.ts";
import type { Flags } from "./flags.ts";
import { UsageError } from "./usage_error.ts";

/** The flag that makes a run one task of an array. */
export const TASK_FLAGS = {
  "task-index": {
    kind: "integer",
    optional: true,
    min: 0,
    value: "[N]",
    help: "be the task N, from 0, of an array (default: SLURM_ARRAY_TASK_ID " +
      "or JOB_COMPLETION_INDEX)",
  },
} as const satisfies Flags;

/** Where Slurm and Kubernetes say which task of an array a process is. */
const VARIABLES = ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"];

/**
 * The task that `--task-index [N]` names: N, or without one what Slurm's job
 * array or Kubernetes' indexed job says. Undefined where the flag was not given.
 *
 * @param flag What `parseFlags` read: `values["task-index"]`, NaN where the flag
 * stood without a value.
 * @param count How many tasks there are. @default {no end}
 * @returns A whole number from 0 to `count` − 1.
 * @throws {UsageError} If there is no such task, or nothing says which.
 * @throws {TypeError} If one of them is no number.
 *
 * @example
 * ```ts
 * import { taskIndex } from "@clr/clr/command";
 *
 * const seeds = [1, 2, 3];
 * const index = taskIndex(1, seeds.length); // of values["task-index"]
 * console.log(index === undefined ? seeds : [seeds[index]]); // [2]
 * ```
 */
export function taskIndex(
  flag: number | undefined,
  count = Infinity,
): number | undefined {
  checkOptions("read --task-index", { flag, count }, {
    flag: anyNumber,
    count: number,
  });
  if (flag === undefined) return undefined;
  const [name, text] = Number.isNaN(flag)
    ? fromEnvironment()
    : ["--task-index", String(flag)];
  const index = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(index) && index < count) {
    return index;
  }
  const wanted = count === Infinity
    ? "a whole number >= 0"
    : `a whole number from 0 to ${count - 1}`;
  throw new UsageError(
    `Cannot read ${name}: it must be ${wanted}, current value is "${text}"`,
  );
}

function fromEnvironment(): readonly [name: string, value: string] {
  for (const name of VARIABLES) {
    const value = Deno.env.get(name);
    if (value) return [name, value];
  }
  throw new UsageError(
    `Cannot read --task-index: it needs a value, as neither ${
      VARIABLES.join(" nor ")
    } is set`,
  );
}
