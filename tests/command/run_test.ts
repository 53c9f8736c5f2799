import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  DeviceLostError,
  GpuMemoryError,
  selectBackend,
  WebGPUUnavailableError,
} from "@clr/clr/backends";
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

Deno.test("exitWith() ends with 1 where the machine lacks what computes, and names the permission that another error tells of", async () => {
  const asked = { device: "no such device", backend: "auto" } as const;
  for (
    const main of [
      fails(new WebGPUUnavailableError("no-adapter", "no GPU")),
      fails(new DeviceLostError("a GPU", "reset")),
      fails(
        new GpuMemoryError({
          ...{ device: "a GPU", shape: [9], bytes: 36, bytesInUse: 0 },
        }),
      ),
      () => selectBackend(asked).then(() => 0),
    ]
  ) assertEquals(await statusOf(main), 1);
  const { href } = new URL("../../src/command/mod.ts", import.meta.url);
  const { code, stderr } = await runDeno([
    ...["eval", "--ext=ts", "--no-check"],
    `import { runCommand } from "${href}";
      await Deno.permissions.revoke({ name: "read" });
      await runCommand({
        summary: "Reads.",
        usage: "read",
        flags: {},
        async main() {
          const text = await Deno.readTextFile("x").catch((cause) => {
            throw new Error("Cannot start: " + cause.message, { cause });
          });
          return text.length;
        },
      }, []);`,
  ]);
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /^error: Cannot start: Requires read access.*\. It is needed to read data sets/,
  );
  // A circle of causes has an end.
  const circle = new Error("a", { cause: new Error("b") });
  (circle.cause as Error).cause = circle;
  assertEquals(await assertRejects(() => statusOf(fails(circle))), circle);
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
        version: "1.2.3",
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
    /^Counts\.\n\ncount \[flags\]\n\n +--epochs N .*default 6.*\n +--version .*\n +--help /,
  );
  assertEquals(await run("--version"), {
    code: 0,
    stdout: "1.2.3\n",
    stderr: "",
  });
  // Help that is asked for beside what is wrong, as the line before said to.
  const both = await run("--epochs", "0", "--help");
  assertEquals(both, {
    code: 2,
    stdout,
    stderr:
      'Cannot read --epochs: it must be a whole number >= 1, current value is "0"\n',
  });
  assertEquals((await run("--epochs", "0", "--", "--help")).stdout, "");
});
