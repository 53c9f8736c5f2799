import { assertEquals, assertThrows } from "@std/assert";
import { parseFlags } from "../../src/command/parse_flags.ts";
import { UsageError } from "../../src/command/usage_error.ts";
import { TASK_FLAGS, taskIndex } from "../../src/command/task_index.ts";

const SLURM = "SLURM_ARRAY_TASK_ID";
const KUBERNETES = "JOB_COMPLETION_INDEX";

/** The task of a command line under an environment, of `count` tasks. */
function indexOf(
  args: readonly string[],
  environment: { readonly [name: string]: string } = {},
  count?: number,
): number | undefined {
  // Not the environment itself, which the files of tests that run beside share.
  const own = Deno.env.get;
  Deno.env.get = (name) => environment[name];
  try {
    return taskIndex(parseFlags(TASK_FLAGS, args)["task-index"], count);
  } finally {
    Deno.env.get = own;
  }
}

Deno.test("taskIndex() is what the flag says, else what Slurm or Kubernetes does", () => {
  assertEquals(indexOf([], { [SLURM]: "3" }), undefined);
  assertEquals(indexOf(["--task-index", "2"], { [SLURM]: "3" }), 2);
  assertEquals(indexOf(["--task-index"], { [SLURM]: "3" }), 3);
  assertEquals(indexOf(["--task-index"], { [KUBERNETES]: "0" }), 0);
  assertEquals(
    indexOf(["--task-index"], { [SLURM]: "", [KUBERNETES]: "5" }),
    5,
  );
  assertEquals(indexOf(["--task-index=5"], {}, 6), 5);
});

Deno.test("taskIndex() refuses a task that there is not, by the name of who says so", () => {
  const cases: [string[], Record<string, string>, string][] = [
    [
      ["--task-index", "6"],
      {},
      "--task-index: it must be a whole number from 0 to 5",
    ],
    [["--task-index"], { [SLURM]: "6" }, `${SLURM}: it must be a whole number`],
    [["--task-index"], { [KUBERNETES]: "1e0" }, `${KUBERNETES}: it must be`],
    [["--task-index"], {}, `neither ${SLURM} nor ${KUBERNETES} is set`],
    [["--task-index", "-1"], {}, "--task-index"],
    [["--task-index", "first"], {}, "--task-index"],
  ];
  for (const [args, environment, message] of cases) {
    assertThrows(() => indexOf(args, environment, 6), UsageError, message);
  }
});
