import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { createModel, FLAGS } from "../../examples/fashion_mnist.ts";
import { parseFlags } from "../../src/command/flags.ts";

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
