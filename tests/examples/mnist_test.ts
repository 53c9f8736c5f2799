import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { fromFileUrl } from "@std/path";
import { runProgram } from "../_run.ts";
import { withFolder } from "../_folder.ts";
import { pointsOf, readFolder } from "../training/_event_reader.ts";

Deno.test("mnist.ts finds a range and trains one cycle in it", () =>
  withFolder(async (folder) => {
    const { code, stdout, stderr } = await runProgram(
      "examples/mnist.ts",
      ...["--data", "synthetic", "--backend", "wasm", "--threads", "1"],
      ...["--train-images", "1000", "--test-images", "100", "--epochs", "2"],
      ...["--tensorboard", `${folder}/logs`, "--out", `${folder}/out`],
    );
    assertEquals(code, 0, stdout + stderr);
    assertStringIncludes(stdout, "Train between");
    assertMatch(
      stdout.replaceAll("\n", " "),
      /Test error \d+\.\d\d %.*after 20 iterations \(MNIST, syn/,
    );
    for (const line of stdout.split("\n")) assert(line.length <= 80, line);
    // The case study's comparison: each epoch of both, and a picture of them.
    assertMatch(
      stdout,
      /epoch +fixed 0\.001 +one cycle\n +1( +\d+\.\d\d %){2}\n +2/,
    );
    const svg = await Deno.readTextFile(`${folder}/out/comparison.svg`);
    assertStringIncludes(svg, "one cycle");

    const events = await readFolder(`${folder}/logs`);
    const rates = pointsOf(events, "range/learning_rate");
    assertEquals(pointsOf(events, "range/loss").steps, rates.steps);
    assert(rates.values.every((rate, i, all) => i === 0 || rate > all[i - 1]));
    const { steps, values } = pointsOf(events, "batch/lr");
    assertEquals(steps, Array.from({ length: 20 }, (_, i) => i + 1));
    // One cycle, up and down again.
    assertEquals(values.indexOf(Math.max(...values)), 10);
  }));

Deno.test("mnist.ts is a module for find-lr", () =>
  withFolder(async (out) => {
    const { code, stdout, stderr } = await runProgram(
      "src/find_lr.ts",
      fromFileUrl(new URL("../../examples/mnist.ts", import.meta.url)),
      ...["--data", "synthetic", "--train-images", "1000"],
      ...["--backend", "wasm", "--threads", "1", "--no-plots", "--out", out],
    );
    assertEquals(code, 0, stdout + stderr);
    assertStringIncludes(stdout, "new CyclicLR({ baseLr: ");
  }));

Deno.test("custom_loop.ts fits its line between the rates that it found", async () => {
  const { code, stdout, stderr } = await runProgram("examples/custom_loop.ts");
  assertEquals(code, 0, stdout + stderr);
  assertStringIncludes(stdout, "Train between");
});
