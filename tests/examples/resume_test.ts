import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { runProgram } from "../_run.ts";

const run = (out: string, ...args: string[]) =>
  runProgram(
    "examples/cifar10.ts",
    ...["--out", out, ...args],
    ...["--data", "synthetic", "--backend", "wasm", "--threads", "1"],
    ...["--train-images", "40", "--test-images", "10", "--batch-size", "10"],
    "--no-plots",
  );

async function readFolder(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile) files[name] = String(await Deno.readFile(join(folder, name)));
  }
  return files;
}

Deno.test("cifar10.ts --resume goes on in the middle of an epoch, bit for bit", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [whole, parts] = [join(folder, "whole"), join(folder, "parts")];
    const once = await run(whole, "--epochs", "3");
    assertEquals(once.code, 0, once.stderr);

    // Of 8 batches the last checkpoint is after the 7th, with 1 left in the epoch.
    const begun = await run(parts, "--epochs", "2", "--checkpoint-every", "7");
    assertEquals(begun.code, 0, begun.stderr);
    const resumed = await run(parts, "--epochs", "3", "--resume");
    assertEquals(resumed.code, 0, resumed.stderr);
    assertStringIncludes(resumed.stdout, "Resuming after 7 iterations from");
    assertStringIncludes(resumed.stdout, "epoch 2/3");
    assertStringIncludes(resumed.stdout, "epoch 3/3");
    assertEquals(
      await readFolder(join(parts, "model")),
      await readFolder(join(whole, "model")),
    );
    assertEquals(
      await Deno.readTextFile(join(parts, "history.csv")),
      await Deno.readTextFile(join(whole, "history.csv")),
    );

    // A run that cannot go on so has changed nothing, and taken no time.
    const before = await readFolder(parts);
    for (
      const [flag, value, reason] of [
        ["--seed", "2", "as the seed must be 1: current value is 2"],
        [
          "--optimizer",
          "nesterov",
          'as the optimizer must be "momentum": current value is "nesterov"',
        ],
      ]
    ) {
      const other = await run(parts, "--resume", flag, value);
      assertEquals(other.code, 1);
      assertStringIncludes(other.stderr, reason);
      assertEquals(other.stdout, "");
      assertEquals(await readFolder(parts), before);
    }
    const none = await run(join(folder, "none"), "--resume", "--epochs", "1");
    assertEquals(none.code, 0, none.stderr);
    assertStringIncludes(none.stdout, "starting from the beginning");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
