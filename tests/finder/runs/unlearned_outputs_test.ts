/** Of several outputs, one of which nothing is learned is named. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate, LearningRateRange } from "@clr/clr";
import { rangeChart } from "@clr/clr/plots";
import { seededRandom } from "../../../src/runtime/random.ts";
import { normal } from "../_normal.ts";

await tf.setBackend("cpu");

/** Two classifiers on one body; of the second, labels may fit no inputs. */
async function find(isShuffled: boolean): Promise<LearningRateRange> {
  tf.engine().startScope();
  try {
    const initial = (seed: number) => tf.initializers.glorotUniform({ seed });
    const input = tf.input({ shape: [4] });
    const body = tf.layers.dense({
      units: 16,
      activation: "relu",
      kernelInitializer: initial(1),
    }).apply(input) as tf.SymbolicTensor;
    const head = (name: string, seed: number) =>
      tf.layers.dense({
        name,
        units: 3,
        activation: "softmax",
        kernelInitializer: initial(seed),
      }).apply(body) as tf.SymbolicTensor;
    const model = tf.model({
      inputs: input,
      outputs: [head("kind", 2), head("maker", 3)],
    });
    const loss = "categoricalCrossentropy";
    model.compile({ optimizer: "adam", loss: [loss, loss] });
    const random = seededRandom(3);
    const labels = Array.from({ length: 400 }, () => Math.floor(3 * random()));
    const others = isShuffled
      ? labels.map(() => Math.floor(3 * random()))
      : labels.map((label) => (label + 1) % 3);
    const oneHot = (values: number[]) =>
      tf.oneHot(tf.tensor1d(values, "int32"), 3).toFloat();
    const xs = tf.tensor2d(
      labels.map((label) =>
        Array.from(
          { length: 4 },
          (_, i) => normal(random) + (i === label ? 2 : 0),
        )
      ),
    );
    const ys = [oneHot(labels), oneHot(others)];
    const before = tf.memory().numTensors;
    const range = await findLearningRate(model, { xs, ys });
    assertEquals(tf.memory().numTensors, before);
    return range;
  } finally {
    tf.engine().endScope();
  }
}

Deno.test("findLearningRate() names an output of which nothing is learned, beside good bounds", async () => {
  const range = await find(true);
  assertEquals(range.verdict, "good", range.advice);
  const [train, check, ...others] = range.remedies;
  assertEquals(train, { kind: "train" });
  assertEquals(others, []);
  assert(check.kind === "check-output" && check.output === "maker");
  // The logarithm of three classes.
  assert(Math.abs(check.expected - Math.log(3)) < 0.02, `${check.expected}`);
  assert(check.loss > 0.96 * check.expected);
  for (const text of [range.advice, range.summary, `${range.format()}`]) {
    assertStringIncludes(text.replaceAll("\n", " "), 'targets of "maker"');
  }
  assertStringIncludes(JSON.stringify(rangeChart(range)), "maker");
  const again = LearningRateRange.fromJSON(JSON.stringify(range));
  assertEquals(again.remedies, range.remedies);
  assertEquals(again.advice, range.advice);
});

Deno.test("findLearningRate() names none where all outputs learn", async () => {
  const range = await find(false);
  assertEquals(range.verdict, "good", range.advice);
  assertEquals(range.remedies, [{ kind: "train" }]);
  assert(!JSON.stringify(rangeChart(range)).includes("Next:"));
});
