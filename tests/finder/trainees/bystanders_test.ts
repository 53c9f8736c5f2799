import { assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate } from "@clr/clr";
import { SGDW } from "@clr/clr/training";
import { selectBackend } from "../../../src/backends/select_backend.ts";

await selectBackend({ backend: "wasm", threads: 1 });
await selectBackend({ backend: "cpu" });

const OPTIMIZERS: { readonly [name: string]: () => tf.Optimizer } = {
  SGD: () => tf.train.sgd(0.1),
  Momentum: () => tf.train.momentum(0.1, 0.9),
  Adagrad: () => tf.train.adagrad(0.1),
  Adadelta: () => tf.train.adadelta(0.1),
  Adam: () => tf.train.adam(0.1),
  Adamax: () => tf.train.adamax(0.1),
  RMSProp: () => tf.train.rmsprop(0.1),
  SGDW: () => new SGDW(0.1),
};

/** Two networks of a weight each, and an optimizer for either. */
function pair(name: string) {
  const w = tf.variable(tf.ones([3]), true, "bystanders_w");
  const v = tf.variable(tf.ones([3]), true, "bystanders_v");
  const [first, second] = [tf.train.adam(0.01), OPTIMIZERS[name]()];
  const steps = () => {
    const loss = first.minimize(
      () => w.sub(3).square().mean() as tf.Scalar,
      true,
      [w],
    )!;
    second.minimize(() => v.sub(w).square().mean() as tf.Scalar, false, [v]);
    return loss;
  };
  return { w, v, first, second, steps };
}

/** The bits of a run of steps. */
function bitsAfter(steps: () => tf.Scalar, v: tf.Variable): number[] {
  for (let i = 0; i < 4; i++) steps().dispose();
  return [...new Uint32Array((v.dataSync() as Float32Array).slice().buffer)];
}

for (const backend of ["cpu", "wasm"]) {
  for (const name of Object.keys(OPTIMIZERS)) {
    Deno.test(`findLearningRate() tells of a second ${name} that is not listed, and puts it back, on ${backend}`, async () => {
      await tf.setBackend(backend);
      for (const before of [0, 3]) {
        const run = async (finds: boolean) => {
          const { w, v, first, second, steps } = pair(name);
          for (let i = 0; i < before; i++) steps().dispose();
          const trainee = { optimizer: first, trainOnBatch: steps };
          const { numTensors } = tf.memory();
          if (finds) {
            await assertRejects(
              () =>
                findLearningRate(
                  { ...trainee, variables: [w, v] },
                  () => [{}],
                ),
              Error,
              `optimizers must list all that trainOnBatch changes: current value is without the ${name} optimizer; a second`,
            );
            await assertRejects(
              () =>
                findLearningRate({ ...trainee, variables: [w] }, () => [{}]),
              Error,
              `current value is without the ${name} optimizer, "bystanders_v"; a second`,
            );
            await assertRejects(
              () =>
                findLearningRate(
                  { ...trainee, variables: [w], optimizers: [second] },
                  () => [{}],
                ),
              Error,
              `variables must list all that trainOnBatch changes: current value is without "bystanders_v";`,
            );
            await findLearningRate(
              { ...trainee, variables: [w, v], optimizers: [second] },
              () => [{}],
              { iterations: 12 },
            );
            assertEquals(tf.memory().numTensors, numTensors);
          }
          const bits = bitsAfter(steps, v);
          tf.dispose([w, v]);
          first.dispose();
          second.dispose();
          return bits;
        };
        assertEquals(await run(true), await run(false), `${before} steps`);
      }
    });
  }
}

Deno.test("findLearningRate() names a variable without a name by its shape", async () => {
  await tf.setBackend("wasm");
  const w = tf.variable(tf.scalar(1));
  const other = tf.variable(tf.zeros([2, 5]));
  const optimizer = tf.train.sgd(0.1);
  const trainOnBatch = () => {
    tf.tidy(() => other.assign(other.add(1)));
    return optimizer.minimize(() => w.square() as tf.Scalar, true, [w])!;
  };
  await assertRejects(
    () =>
      findLearningRate({ optimizer, variables: [w], trainOnBatch }, () => [{}]),
    Error,
    "without a variable without a name of shape [2,5]",
  );
  assertEquals(other.dataSync()[0], 0);
  tf.dispose([w, other]);
  optimizer.dispose();
  await tf.setBackend("cpu");
});

Deno.test("findLearningRate() refuses variables that a step makes and leaves", async () => {
  const w = tf.variable(tf.scalar(1));
  const optimizer = tf.train.sgd(0.1);
  const made: tf.Variable[] = [];
  const trainOnBatch = () => {
    made.push(tf.variable(tf.scalar(0), true, `made_late_${made.length}`));
    return optimizer.minimize(() => w.square() as tf.Scalar, true, [w])!;
  };
  await assertRejects(
    () =>
      findLearningRate({ optimizer, variables: [w], trainOnBatch }, () => [{}]),
    Error,
    'must make no variable that outlives it: current value is "made_late_0"',
  );
  tf.dispose([w, ...made]);
  optimizer.dispose();
});

Deno.test("findLearningRate() leaves alone what else is trained between steps", async () => {
  const w = tf.variable(tf.scalar(1));
  const other = tf.variable(tf.scalar(1));
  const [optimizer, another] = [tf.train.sgd(0.1), tf.train.adam(0.1)];
  let calls = 0;
  await findLearningRate(
    {
      optimizer,
      variables: [w],
      trainOnBatch: () =>
        optimizer.minimize(() => w.square() as tf.Scalar, true, [w])!,
    },
    () => [{}],
    {
      iterations: 12,
      endLr: 0.1,
      onBatch: () => {
        calls++;
        another.minimize(() => other.square() as tf.Scalar, false, [other]);
      },
    },
  );
  assertEquals(another.iterations, calls);
  assertEquals(other.dataSync()[0] < 0.5, true);
  tf.dispose([w, other]);
  optimizer.dispose();
  another.dispose();
});
