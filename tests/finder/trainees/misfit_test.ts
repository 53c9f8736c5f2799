/** Batches that do not fit the model: which tensor, which shape, what to do. */

import { assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate } from "@clr/clr";

await tf.setBackend("cpu");

function classifier(loss: string): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 3, activation: "softmax", inputShape: [4] }),
    ],
  });
  model.compile({ optimizer: "sgd", loss });
  return model;
}

const xs = tf.ones([8, 4]);
const indices = tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1]);
const oneHot = tf.oneHot(indices.toInt(), 3);

const CASES: [string, string, tf.Tensor, tf.Tensor, string][] = [
  [
    "class indices where one-hot targets are wanted",
    "categoricalCrossentropy",
    xs,
    indices,
    'ys must have the model\'s shape [examples, 3]: current value is a float32 tensor of shape [8]; for class indices compile with the loss "sparseCategoricalCrossentropy", or make them one-hot: tf.oneHot(labels.toInt(), 3)',
  ],
  [
    "one-hot targets where class indices are wanted",
    "sparseCategoricalCrossentropy",
    xs,
    oneHot,
    'for one-hot targets compile with the loss "categoricalCrossentropy", or give indices: ys.argMax(-1).toFloat()',
  ],
  [
    "class indices as whole numbers, of which tfjs takes no loss",
    "sparseCategoricalCrossentropy",
    xs,
    indices.toInt(),
    'ys must be float32 for the loss "sparseCategoricalCrossentropy": current value is a int32 tensor of shape [8]; convert them with ys.toFloat()',
  ],
  [
    "inputs of another size",
    "categoricalCrossentropy",
    tf.ones([8, 5]),
    oneHot,
    "xs must have the model's shape [examples, 4]: current value is a float32 tensor of shape [8,5]",
  ],
  [
    "inputs of another rank",
    "categoricalCrossentropy",
    tf.ones([8, 2, 2]),
    oneHot,
    "xs must have the model's shape [examples, 4]: current value is a float32 tensor of shape [8,2,2]",
  ],
  [
    "targets of another size",
    "categoricalCrossentropy",
    xs,
    tf.ones([8, 2]),
    "ys must have the model's shape [examples, 3]: current value is a float32 tensor of shape [8,2]",
  ],
];

for (const [what, loss, inputs, targets, said] of CASES) {
  Deno.test(`findLearningRate() says what to do about ${what}`, async () => {
    const before = tf.memory().numTensors;
    const model = classifier(loss);
    await assertRejects(
      () => findLearningRate(model, { xs: inputs, ys: targets }),
      TypeError,
      said,
    );
    model.dispose();
    if (tf.memory().numTensors > before) throw new Error("tensors were left");
  });
}

Deno.test("findLearningRate() names the input, of several, that does not fit", async () => {
  const [a, b] = ["a", "b"].map((name) => tf.input({ name, shape: [2] }));
  const joined = tf.layers.concatenate().apply([a, b]) as tf.SymbolicTensor;
  const model = tf.model({
    inputs: [a, b],
    outputs: tf.layers.dense({ units: 1 }).apply(joined) as tf.SymbolicTensor,
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const data = {
    xs: { a: tf.ones([8, 2]), b: tf.ones([8, 3]) },
    ys: tf.ones([8, 1]),
  };
  await assertRejects(
    () => findLearningRate(model, data),
    TypeError,
    'xs of "b" must have the model\'s shape [examples, 2]: current value is a float32 tensor of shape [8,3]',
  );
});

Deno.test("findLearningRate() says that batches must have the size that a model is made for", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.simpleRNN({
        units: 2,
        stateful: true,
        batchInputShape: [4, 3, 1],
      }),
      tf.layers.dense({ units: 1 }),
    ],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const data = { xs: tf.ones([8, 3, 1]), ys: tf.ones([8, 1]) };
  await assertRejects(
    () => findLearningRate(model, data),
    TypeError,
    "the 4 examples that the model's batchInputShape says: current value is a float32 tensor of shape [8,3,1]; set batchSize to 4",
  );
});
