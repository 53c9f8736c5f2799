/** README's table of permissions: each program runs with just those. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { withFolder } from "../_run.ts";

const ROOT = new URL("../../", import.meta.url);
const SMALL = [
  ...["--data", "synthetic", "--backend", "wasm", "--threads", "1"],
  ...["--train-images", "20", "--test-images", "10"],
];
const TRAINING = [
  ...SMALL,
  ...["--epochs", "1", "--batch-size", "10", "--no-plots", "--out", "OUT"],
];

/** A short run of each program in the table. */
const ARGUMENTS: { readonly [program: string]: readonly string[] } = {
  "examples/custom_loop.ts": [],
  "examples/mnist.ts": [...SMALL, "--epochs", "1"],
  "examples/snapshot_ensemble.ts": [...SMALL, "--cycles", "2"],
  "examples/cifar10.ts": TRAINING,
  "examples/fashion_mnist.ts": [
    ...TRAINING,
    ...["--base-lr", "0.001", "--max-lr", "0.01"],
  ],
  "examples/paper.ts": ["--report", "--out", "OUT"],
  "examples/infer.ts": ["--help"],
  "src/find_lr.ts": [
    "tests/faults/_line_module.ts",
    ...["--backend", "cpu", "--iterations", "20", "--repeats", "1"],
    ...["--no-plots", "--out", "OUT"],
  ],
  "src/doctor.ts": [],
};

async function run(
  program: string,
  flags: readonly string[],
  out: string,
): Promise<{ code: number; stderr: string }> {
  const place = (text: string) => text.replace(/\bOUT\b/, out);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--no-check"],
      ...flags.map(place),
      program,
      ...ARGUMENTS[program].map(place),
    ],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

const readme = await Deno.readTextFile(new URL("README.md", ROOT));
const rows = [
  ...readme.matchAll(/^\| `([\w/]+\.ts)` +\| (?:`([^`]+)`|none)/gm),
].map(([, program, flags]) => ({ program, flags: flags?.split(" ") ?? [] }));

Deno.test("README names the permissions of every program", () => {
  assertEquals(
    rows.map(({ program }) => program).sort(),
    Object.keys(ARGUMENTS).sort(),
  );
});

for (const { program, flags } of rows) {
  Deno.test(`${program} runs with ${flags.join(" ") || "no permission"} alone`, () =>
    withFolder(async (out) => {
      const { code, stderr } = await run(program, flags, out);
      // A range test so short, and untrained images, find no bounds.
      assert(code === 0 || code === 3, stderr);
    }));
}

Deno.test("a program says in a line which permission it lacks, and what for", () =>
  withFolder(async (out) => {
    const { code, stderr } = await run("examples/cifar10.ts", [
      "--allow-read",
    ], out);
    assertEquals(code, 1, stderr);
    assertMatch(
      stderr,
      /^error: Requires write access to .*--allow-write flag\. It is needed to write results and checkpoints, or keep downloads\.$/m,
    );
    assert(!stderr.includes("    at "), stderr);
  }));
