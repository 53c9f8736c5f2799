import { assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { LearningRateRange } from "@clr/clr";
import { lockFolder, writeFile, writeRangeFiles } from "@clr/clr/command";
import {
  loadCheckpoint,
  saveCheckpoint,
  TensorBoardLogger,
} from "@clr/clr/training";
import { runProgram } from "../_run.ts";

Deno.test("The text of a file URL is refused where a path is wanted, and no folder is made of it", async () => {
  await tf.setBackend("cpu");
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const range = LearningRateRange.fromCurve([0.1, 0.2], [1, 2]);
  const folder = new URL(`${crypto.randomUUID()}`, import.meta.url).href;
  for (
    const call of [
      () => lockFolder(folder, { by: "a test" }),
      () => writeFile(`${folder}/plan.json`, "{}"),
      () => writeRangeFiles(folder, range, { origin: "", plots: false }),
      () => saveCheckpoint(folder, { model }),
      () => loadCheckpoint(folder),
      async () => await new TensorBoardLogger(folder).log(0, { loss: 1 }),
    ]
  ) {
    await assertRejects(
      call,
      RangeError,
      `as it must be told a path: current value is "${folder.slice(0, 20)}`,
    );
  }
  for (
    const args of [
      ["examples/mnist.ts", "--out", folder],
      ["src/init.ts", folder],
    ]
  ) {
    const [program, ...rest] = args;
    const { code, stderr } = await runProgram(program, ...rest);
    assertEquals([code, stderr.trim().split("\n").length], [1, 1], stderr);
  }
  const { code } = await runProgram(
    ...["examples/mnist.ts", "--tensorboard", folder] as const,
  );
  assertEquals(code, 2);
});
