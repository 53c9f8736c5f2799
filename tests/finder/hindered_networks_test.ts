/** Networks that learn nothing whatever the rate, and what is said of each. */

import { assertEquals, assertMatch } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate } from "@clr/clr";
import { borrowMathRandom, seededRandom } from "../../src/runtime/random.ts";
import { normal } from "./_normal.ts";

await tf.setBackend("cpu");

const ROWS = 300;

/** Tests a network of one hidden layer on sums of its inputs. */
function find(
  { hidden = {}, last = {}, between = [], outlier, isFrozenLater = false }: {
    hidden?: object;
    last?: object;
    between?: tf.layers.Layer[];
    outlier?: number;
    isFrozenLater?: boolean;
  },
) {
  using _ = borrowMathRandom(seededRandom(1));
  const random = seededRandom(2);
  const xs = Array.from(
    { length: ROWS },
    () => [0, 1, 2].map(() => normal(random)),
  );
  const ys = xs.map(([a, b, c]) => [a - b + c / 2]);
  if (outlier !== undefined) ys[50] = [outlier];
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 8,
        activation: "relu",
        inputShape: [3],
        ...hidden,
      }),
      ...between,
      tf.layers.dense({ units: 1, ...last }),
    ],
  });
  model.compile({ optimizer: "adam", loss: "meanSquaredError" });
  if (isFrozenLater) model.layers[0].trainable = false;
  return findLearningRate(model, { xs: tf.tensor2d(xs), ys: tf.tensor2d(ys) });
}

Deno.test("findLearningRate() names the layer that drowns its inputs", async () => {
  const range = await find({
    between: [tf.layers.dropout({ rate: 0.99, name: "thinned" })],
  });
  assertEquals(range.verdict === "good", false, range.advice);
  assertMatch(range.advice, /: lower the rate of "thinned", as 0\.99 drowns/);
});

Deno.test("findLearningRate() names weights whose units are alike, and not the last ones", async () => {
  const zeros = { kernelInitializer: "zeros" };
  const both = await find({ hidden: { name: "first", ...zeros }, last: zeros });
  assertMatch(
    both.advice,
    /: initialize weights at random, .* all numbers of first\/kernel are equal/,
  );
  const lastAlone = await find({ last: zeros });
  assertEquals(lastAlone.verdict, "good", lastAlone.advice);
});

Deno.test("findLearningRate() names a target that does not belong to the others", async () => {
  const range = await find({ outlier: 1e6 });
  assertEquals(range.verdict === "good", false, range.advice);
  assertMatch(
    range.advice,
    /: scale the targets .* and leave out what does not belong there, such as 1e6/,
  );
});

Deno.test("findLearningRate() says that layers frozen since are trained until the model is compiled again", async () => {
  const range = await find({ isFrozenLater: true });
  assertEquals(range.remedies.map(({ kind }) => kind), [
    "train",
    "compile-again",
  ]);
  assertMatch(range.advice, /compile the model again and test it again/);
});
