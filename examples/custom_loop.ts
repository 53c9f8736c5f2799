/**
 * The finder and a cyclic schedule in a training loop of one's own: a line is
 * fitted with `optimizer.minimize`, without a model.
 *
 * ```sh
 * deno run -A examples/custom_loop.ts
 * ```
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { CyclicLR, findLearningRate } from "@clr/clr";
import { selectBackend } from "@clr/clr/backends";

await selectBackend({ backend: "cpu" });

// The data: points around y = 3x − 1, a new batch of 32 whenever one is asked for.
function* batches() {
  while (true) {
    yield tf.tidy(() => {
      const xs = tf.randomNormal([32]);
      return { xs, ys: xs.mul(3).sub(1).add(tf.randomNormal([32], 0, 0.2)) };
    });
  }
}
type Batch = { xs: tf.Tensor; ys: tf.Tensor };

// What is trained, and one step of it.
const slope = tf.variable(tf.scalar(0));
const offset = tf.variable(tf.scalar(0));
const variables = [slope, offset];
const optimizer = tf.train.momentum(0.01, 0.9);
const trainOnBatch = ({ xs, ys }: Batch) =>
  optimizer.minimize(
    () => xs.mul(slope).add(offset).sub(ys).square().mean() as tf.Scalar,
    true,
    variables,
  )!;

// Which rates to use? The finder leaves variables and optimizer as they were.
const range = await findLearningRate(
  { optimizer, variables, trainOnBatch },
  batches,
);
console.log(`${range}\n`);
if (range.verdict !== "good") Deno.exit(3);

// One cycle between them.
const steps = 200;
const clr = CyclicLR.fromRange(range, { stepSize: steps / 2 });
clr.attach(optimizer);
for (const batch of batches()) {
  const loss = trainOnBatch(batch);
  clr.step({ loss });
  tf.dispose([loss, batch]);
  if (clr.totalIterations === steps) break;
}

await clr.flush();
const [fitted, intercept] = variables.map((v) => v.dataSync()[0].toFixed(3));
console.log(
  `y = ${fitted}x + ${intercept} after ${steps} steps; the last loss was ${
    clr.history.loss.at(-1)!.toFixed(4)
  }`,
);
