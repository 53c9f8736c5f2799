import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  createMnistPerceptron,
  MNIST_PERCEPTRON_PARAMETERS,
} from "../../../examples/models/mnist_perceptron.ts";

await tf.setBackend("cpu");

Deno.test("createMnistPerceptron() has 784-784-10 units and their parameters", () => {
  const model = createMnistPerceptron();
  assertEquals(model.layers.slice(1).map((layer) => layer.outputShape), [
    [null, 784],
    [null, 10],
  ]);
  assertEquals(model.countParams(), MNIST_PERCEPTRON_PARAMETERS);
  model.dispose();
});

Deno.test("createMnistPerceptron() draws N(0, 0.05²) from the seed, differently in each layer", () => {
  const read = (seed: number) => {
    const model = createMnistPerceptron({ seed });
    const weights = model.getWeights().map((w) => w.dataSync() as Float32Array);
    model.dispose();
    return weights;
  };
  const [hidden, bias, output] = read(3);
  assertEquals(read(3)[0], hidden);
  assert(read(4)[0][0] !== hidden[0]);
  assert(hidden[0] !== output[0]);
  assert(bias.every((b) => b === 0));
  const variance = hidden.reduce((sum, w) => sum + w * w, 0) / hidden.length;
  // 614,656 values: the standard error of the deviation is 4.5e-5.
  assertAlmostEquals(Math.sqrt(variance), 0.05, 2.5e-4);
});

Deno.test("createMnistPerceptron() learns from a batch with Adam", async () => {
  const optimizer = tf.train.adam(0.001);
  const model = createMnistPerceptron({ optimizer });
  const xs = tf.randomUniform([4, 28, 28, 1], 0, 1, "float32", 1);
  const ys = tf.oneHot(tf.tensor1d([0, 1, 2, 3], "int32"), 10);
  const losses: number[] = [];
  for (let i = 0; i < 3; i++) {
    losses.push((await model.trainOnBatch(xs, ys) as number[])[0]);
  }
  assert(losses[2] < losses[1] && losses[1] < losses[0], `${losses}`);
  tf.dispose([xs, ys]);
  model.dispose();
  optimizer.dispose();
});
