import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  isTraining,
  trainedWeights,
  variableOf,
} from "../../src/tfjs/trained_weights.ts";

function model(): tf.Sequential {
  const layers = [
    tf.layers.dense({ units: 2, inputShape: [1], name: "first" }),
    tf.layers.dense({ units: 1, name: "second" }),
  ];
  return tf.sequential({ layers });
}

Deno.test("trainedWeights() are those that were trainable when training began", async () => {
  const trained = model();
  trained.layers[0].trainable = false;
  trained.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const xs = tf.ones([2, 1]);
  await trained.fit(xs, xs, { verbose: 0 });
  trained.layers[0].trainable = true;
  const names = trainedWeights(trained).map(({ originalName }) => originalName);
  assertEquals(names, ["second/kernel", "second/bias"]);
  xs.dispose();
  trained.dispose();
});

Deno.test("isTraining() is so between the beginning and the end of fit", async () => {
  const trained = model();
  trained.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const xs = tf.ones([2, 1]);
  const seen: boolean[] = [];
  await trained.fit(xs, xs, {
    verbose: 0,
    callbacks: { onBatchEnd: () => void seen.push(isTraining(trained)) },
  });
  assertEquals(seen, [true]);
  assertEquals(isTraining(trained), false);
  assertEquals(isTraining(undefined), false);
  xs.dispose();
  trained.dispose();
});

Deno.test("variableOf() is the variable that an assignment changes", () => {
  const own = model();
  const [kernel] = own.weights;
  const variable = variableOf(kernel);
  assert(variable instanceof tf.Variable);
  assertStrictEquals(variable, variableOf(kernel));
  const ones = tf.ones(variable.shape);
  variable.assign(ones);
  assertEquals([...kernel.read().dataSync()], [1, 1]);
  ones.dispose();
  own.dispose();
});
