/** A run that is stopped, in a folder with another's results. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { loadModel } from "../../examples/training/model_files.ts";
import { namesIn, withFolder } from "../_folder.ts";
import { runProgram } from "../_run.ts";

/** Trains and sends SIGINT once it is told of an epoch. */
async function stopped(...args: string[]): Promise<string> {
  const program = new URL("../../examples/cifar10.ts", import.meta.url);
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", program.href, "--epochs", "400", "--no-plots"],
      ...["--data", "synthetic", "--backend", "wasm", "--threads", "1"],
      ...["--train-images", "40", "--test-images", "10", "--batch-size", "10"],
      ...args,
    ],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let stdout = "";
  let isTold = false;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    stdout += text;
    if (isTold || !/epoch \d+\/400/.test(stdout)) continue;
    child.kill("SIGINT");
    isTold = true;
  }
  assertEquals((await child.status).code, 130, stdout);
  return stdout.replaceAll(/\s+/g, " ");
}

Deno.test({
  name:
    "cifar10.ts that Ctrl-C stops replaces no results of another run, and is itself gone on from to do so",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (out) => {
      const files = () =>
        ["model/model.json", "report.json", "history.csv", "plan.json"].map(
          (name) => Deno.readTextFileSync(join(out, name)),
        );
      const train = (...args: string[]) =>
        runProgram(
          "examples/cifar10.ts",
          ...["--data", "synthetic", "--backend", "wasm", "--threads", "1"],
          ...["--train-images", "40", "--test-images", "10"],
          ...["--batch-size", "10", "--no-plots", "--out", out, ...args],
        );
      const whole = await train("--epochs", "2");
      assertEquals(whole.code, 0, whole.stderr);
      const before = files();

      for (const flags of [["--checkpoint-every", "3"], ["--resume"]]) {
        const said = await stopped("--out", out, ...flags);
        assertStringIncludes(
          said,
          `so far are in ${out}/stopped. The results in ${out} are those of before.`,
        );
        assertEquals(files(), before);
        assertEquals(namesIn(join(out, "stopped")), [
          ...["history.csv", "history.json", "model", "plan.json"],
        ]);
        const iterations = await lengthOf(join(out, "stopped"));
        assertStringIncludes(said, `Stopped after ${iterations} of 1600`);
        (await loadModel(join(out, "stopped/model"))).dispose();
      }
      const iterations = await lengthOf(join(out, "stopped"));
      const rest = await train(
        ...["--resume", "--epochs", String(Math.ceil(iterations / 4) + 1)],
      );
      assertEquals(rest.code, 0, rest.stderr);
      assertEquals(namesIn(out), [
        ...["checkpoints", "history.csv", "history.json", "model"],
        ...["plan.json", "report.json"],
      ]);
      assert(await lengthOf(out) > iterations);
      assert(files().every((text, i) => text !== before[i]));
    }),
});

/** How many iterations the history in a folder is of. */
async function lengthOf(folder: string): Promise<number> {
  const { history } = JSON.parse(
    await Deno.readTextFile(join(folder, "history.json")),
  );
  return history.lr.length;
}
