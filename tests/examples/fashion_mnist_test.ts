import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { createModel, FLAGS } from "../../examples/fashion_mnist.ts";
import { parseFlags } from "../../src/command/parse_flags.ts";
import { runProgram } from "../_run.ts";
import { withFolder } from "../_folder.ts";

Deno.test("createModel() gives a compiled MiniGoogLeNet for grey images", async () => {
  await tf.setBackend("cpu");
  const model = createModel(parseFlags(FLAGS, ["--base-lr", "0.002"]));
  assertEquals(model.inputs[0].shape, [null, 32, 32, 1]);
  assertEquals(model.outputShape, [null, 10]);
  const { learningRate, momentum } = model.optimizer.getConfig();
  assertEquals([learningRate, momentum], [0.002, 0.9]);
  model.optimizer.dispose();
  model.dispose();
});

Deno.test("fashion_mnist trains as the tutorial does unless told otherwise", () => {
  const values = parseFlags(FLAGS, []);
  assertEquals(values["batch-size"], 64);
  assertEquals(values.mode, "triangular");
});

const SMALL = [
  ...["--data", "synthetic", "--backend", "wasm", "--threads", "1"],
  ...["--train-images", "16", "--batch-size", "4"],
];

Deno.test("fashion_mnist.ts --find-lr-only draws the range and trains no further", () =>
  withFolder(async (folder) => {
    const { code, stdout, stderr } = await runProgram(
      "examples/fashion_mnist.ts",
      ...[...SMALL, "--find-iterations", "8", "--find-lr-only"],
      ...["--base-lr", "0.001", "--max-lr", "0.01", "--out", folder],
    );
    // What so short a test finds is not what this is about.
    assert(code === 0 || code === 3, stderr);
    assertStringIncludes(stdout, "lr_range.svg");
    assertStringIncludes(stdout, "raise --find-iterations");
    assert(!stdout.includes("epoch 1/"));
    const svg = await Deno.readTextFile(`${folder}/lr_range.svg`);
    assertStringIncludes(svg, "MiniGoogLeNet; Fashion-MNIST");
    assertEquals(
      Array.from(Deno.readDirSync(folder), ({ name }) => name).sort(),
      ["lr_range.csv", "lr_range.json", "lr_range.png", "lr_range.svg"],
    );
  }));

Deno.test("fashion_mnist.ts is a module for find-lr", () =>
  withFolder(async (folder) => {
    const { code, stdout, stderr } = await runProgram(
      "src/find_lr.ts",
      ...["examples/fashion_mnist.ts", ...SMALL],
      ...["--iterations", "6", "--repeats", "1", "--json", "--out", folder],
    );
    assert(code === 0 || code === 3, stderr);
    assertEquals(JSON.parse(stdout).learningRates.length > 1, true);
  }));
