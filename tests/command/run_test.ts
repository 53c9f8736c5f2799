import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { exitWith } from "../../src/command/run.ts";
import { type ProgramResult, runDeno } from "../_run.ts";
import { UsageError } from "../../src/command/usage_error.ts";

/** The exit status that a program ends with; the test's own stays 0. */
async function statusOf(
  main: () => number | Promise<number>,
  expected: Parameters<typeof exitWith>[1] = [],
): Promise<number> {
  try {
    await exitWith(main, expected);
    return Deno.exitCode;
  } finally {
    Deno.exitCode = 0;
  }
}

function fails(error: Error): () => Promise<number> {
  return () => Promise.reject(error);
}

class Unlucky extends Error {}

Deno.test("exitWith() ends with what main returns", async () => {
  assertEquals(await statusOf(() => 0), 0);
  assertEquals(await statusOf(() => Promise.resolve(3)), 3);
});

Deno.test("exitWith() ends with 2 where the usage is bad, and 1 where a person can act", async () => {
  assertEquals(await statusOf(fails(new UsageError("Unknown flag"))), 2);
  const isDirectory = () => Deno.readTextFile(".").then(() => 0);
  const isMissing = () => Deno.readTextFile("/none/there").then(() => 0);
  for (
    const main of [isDirectory, isMissing, fails(new RangeError("too large"))]
  ) {
    assertEquals(await statusOf(main), 1);
  }
  assertEquals(await statusOf(fails(new Unlucky("today")), [Unlucky]), 1);
});

Deno.test("exitWith() leaves a fault of the program its stack", async () => {
  for (const error of [new TypeError("x is undefined"), new Unlucky("today")]) {
    const thrown = await assertRejects(() => statusOf(fails(error)));
    assertEquals(thrown, error);
    assertEquals(Deno.exitCode, 0);
  }
});

function run(...args: string[]): Promise<ProgramResult> {
  const program = new URL("../../src/command/mod.ts", import.meta.url);
  return runDeno([
    ...["eval", "--ext=ts"],
    `import { runCommand } from "${program.href}";
      await runCommand({
        summary: "Counts.",
        usage: "count [flags]",
        flags: { epochs: { kind: "integer", min: 1, default: 6, help: "of training" } },
        main({ epochs }) {
          if (epochs > 9) throw new RangeError("Cannot count so far");
          console.log(epochs);
          return 0;
        },
      }, ${JSON.stringify(args)});`,
  ]);
}

Deno.test("runCommand() says what went wrong in a line, on standard error", async () => {
  assertEquals(await run("--epochs", "3"), {
    code: 0,
    stdout: "3\n",
    stderr: "",
  });
  assertEquals(await run("--epochs", "0"), {
    code: 2,
    stdout: "",
    stderr:
      'Cannot read --epochs: it must be a whole number >= 1, current value is "0"\nRun with --help for the flags.\n',
  });
  assertEquals(await run("--epochs", "10"), {
    code: 1,
    stdout: "",
    stderr: "error: Cannot count so far\n",
  });
  const { code, stdout } = await run("--help");
  assertEquals(code, 0);
  assertMatch(
    stdout,
    /^Counts\.\n\ncount \[flags\]\n\n +--epochs N .*default 6.*\n +--help /,
  );
});
