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

/** The history's file among the checkpoints of a run. */
function historyIn(out: string): string {
  return [...Deno.readDirSync(join(out, "checkpoints"))]
    .find(({ name }) => name.startsWith("history-"))!.name;
}

Deno.test("cifar10.ts --resume goes on in the middle of an epoch, bit for bit", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [whole, parts] = [join(folder, "whole"), join(folder, "parts")];
    const once = await run(whole, "--epochs", "4");
    assertEquals(once.code, 0, once.stderr);

    // Of 8 batches the last checkpoint is after the 7th, with 1 left in the epoch.
    const begun = await run(parts, "--epochs", "2", "--checkpoint-every", "7");
    assertEquals(begun.code, 0, begun.stderr);
    const resumed = await run(parts, "--epochs", "4", "--resume");
    assertEquals(resumed.code, 0, resumed.stderr);
    assertStringIncludes(resumed.stdout, "Resuming after 7 iterations from");
    assertStringIncludes(resumed.stdout, "epoch 2/4");
    assertStringIncludes(resumed.stdout, "epoch 4/4");
    assertEquals(
      await readFolder(join(parts, "model")),
      await readFolder(join(whole, "model")),
    );
    assertEquals(
      await Deno.readTextFile(join(parts, "history.csv")),
      await Deno.readTextFile(join(whole, "history.csv")),
    );

    // It was saved as often as before: after the 14th, too.
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
    const less = await run(parts, "--resume", "--epochs", "3");
    assertEquals(less.code, 1);
    assertStringIncludes(
      less.stderr,
      "as --epochs must come to its 14 iterations at least: current value comes to 12",
    );
    assertEquals(await readFolder(parts), before);
    // Nor does one that begins anew take its place, if nobody asks for it.
    for (const flags of [[], ["--checkpoint-every", "7"], ["--find-lr-only"]]) {
      const other = await run(parts, "--epochs", "1", ...flags);
      assertEquals(other.code, 1);
      const folder = join(parts, "checkpoints");
      for (
        const part of [
          `Cannot begin a run in ${parts} as no other must be there`,
          `${folder}/checkpoint-000002 is of one, after 14 iterations`,
          "--resume",
          "--out",
          "--overwrite",
        ]
      ) assertStringIncludes(other.stderr, part);
      assertEquals(other.stdout, "");
      assertEquals(await readFolder(parts), before);
    }
    const checkpoints = join(parts, "checkpoints");
    const intact = await Deno.readFile(`${checkpoints}/${historyIn(parts)}`);
    await Deno.truncate(`${checkpoints}/${historyIn(parts)}`, 9);
    const damaged = await run(parts);
    assertEquals(damaged.code, 1);
    assertStringIncludes(
      damaged.stderr,
      `must be there, and it has one that cannot be read; name another folder`,
    );
    await Deno.writeFile(`${checkpoints}/${historyIn(parts)}`, intact);
    const both = await run(parts, "--resume", "--overwrite");
    assertEquals(both.code, 2);
    assertEquals(await readFolder(parts), before);
    const anew = await run(
      parts,
      ...["--epochs", "1", "--overwrite", "--checkpoint-every", "4"],
    );
    assertEquals(anew.code, 0, anew.stderr);
    assertStringIncludes(anew.stdout, "epoch 1/1");
    assertEquals([...Deno.readDirSync(parts)].map(({ name }) => name).sort(), [
      "checkpoints",
      "history.csv",
      "history.json",
      "model",
      "plan.json",
      "report.json",
    ]);
    // What was made of a model stays, where that is trained no further.
    await Deno.writeTextFile(join(parts, "model.onnx"), "of this model");
    const again = await run(parts, "--resume", "--epochs", "1");
    assertEquals(again.code, 0, again.stderr);
    await Deno.stat(join(parts, "model.onnx"));
    const none = await run(join(folder, "none"), "--resume", "--epochs", "1");
    assertEquals(none.code, 0, none.stderr);
    assertStringIncludes(none.stdout, "starting from the beginning");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
