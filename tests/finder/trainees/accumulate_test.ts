import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate, type TensorPair } from "@clr/clr";
import { AdamW } from "@clr/clr/training";
import { selectBackend } from "../../../src/backends/select_backend.ts";
import { GradientAccumulation } from "../../../src/tfjs/gradient_accumulation.ts";

await selectBackend({ backend: "wasm", threads: 1 });
await selectBackend({ backend: "cpu" });

const EXAMPLES = 96;

function data(): { xs: tf.Tensor2D; ys: tf.Tensor2D } {
  const xs = tf.randomNormal([EXAMPLES, 4], 0, 1, "float32", 1) as tf.Tensor2D;
  return { xs, ys: xs.sum(1, true) as tf.Tensor2D };
}

/** Batches of the sizes given, over and over, in order. */
function batchesOf(
  { xs, ys }: { xs: tf.Tensor2D; ys: tf.Tensor2D },
  sizes: readonly number[],
): () => Iterable<TensorPair> {
  return function* () {
    let start = 0;
    for (let i = 0; start < EXAMPLES; i++) {
      const size = sizes[i % sizes.length];
      yield {
        xs: xs.slice([start, 0], [size, -1]),
        ys: ys.slice([start, 0], [size, -1]),
      };
      start += size;
    }
  };
}

function model(optimizer: tf.Optimizer): tf.LayersModel {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 3 });
  const made = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 6,
        inputShape: [4],
        activation: "tanh",
        kernelInitializer,
        kernelRegularizer: tf.regularizers.l2({ l2: 0.01 }),
      }),
      tf.layers.dense({ units: 1, kernelInitializer }),
    ],
  });
  made.compile({ optimizer, loss: "meanSquaredError" });
  return made;
}

const OPTIMIZERS: { readonly [name: string]: () => tf.Optimizer } = {
  momentum: () => tf.train.momentum(0.01, 0.9),
  adam: () => tf.train.adam(0.01),
  AdamW: () => new AdamW(0.01),
};

for (const backend of ["cpu", "wasm"]) {
  for (const [name, optimizer] of Object.entries(OPTIMIZERS)) {
    Deno.test(`findLearningRate() accumulates gradients to the steps of larger batches, ${name} on ${backend}`, async () => {
      await tf.setBackend(backend);
      const all = data();
      const options = { iterations: 24, startLr: 1e-4, endLr: 0.1 };
      const large = model(optimizer());
      const expected = await findLearningRate(
        large,
        batchesOf(all, [24]),
        options,
      );
      // Of one size, and of several, which count by their examples.
      for (const sizes of [[8, 8, 8], [4, 12, 8]]) {
        const small = model(optimizer());
        const { numTensors } = tf.memory();
        const range = await findLearningRate(
          small,
          batchesOf(all, sizes),
          { ...options, accumulate: 3 },
        );
        assertEquals(tf.memory().numTensors, numTensors);
        assertEquals(range.losses.length, 24);
        range.losses.forEach((loss, i) =>
          assertAlmostEquals(
            loss,
            expected.losses[i],
            1e-5 * expected.losses[0],
          )
        );
        assertEquals(range.cost?.trained, 3 * 24);
        assertEquals(range.batchesPerEpoch, expected.batchesPerEpoch);
        assertEquals(range.settings.accumulate, 3);
        // Nothing is left on the optimizer.
        assert(!Object.hasOwn(small.optimizer, "applyGradients"));
        small.optimizer.dispose();
        small.dispose();
      }
      large.optimizer.dispose();
      large.dispose();
      tf.dispose(all);
    });
  }
}

Deno.test("GradientAccumulation takes the step of the mean gradient, in doubles", () => {
  const w = tf.variable(tf.tensor1d([1, -2]));
  const optimizer = tf.train.sgd(0.5);
  const gradients = [[0.25, 1], [0.5, -3], [-1, 0.125]];
  const weights = [2, 1, 1];
  {
    using accumulation = new GradientAccumulation(optimizer);
    gradients.forEach((gradient, i) => {
      accumulation.begin(weights[i]);
      tf.tidy(() =>
        optimizer.applyGradients({ [w.name]: tf.tensor1d(gradient) })
      );
    });
    assertEquals([...w.dataSync()], [1, -2]);
    accumulation.step();
  }
  const mean = [0, 1].map((k) =>
    gradients.reduce((sum, gradient, i) => sum + weights[i] * gradient[k], 0) /
    4
  );
  assertEquals([...w.dataSync()], [1 - 0.5 * mean[0], -2 - 0.5 * mean[1]]);
  w.dispose();
  optimizer.dispose();
});

Deno.test("findLearningRate() accumulates for every optimizer of a loop", async () => {
  await tf.setBackend("cpu");
  const all = data();
  const run = async (size: number, accumulate: number) => {
    const w = tf.variable(tf.zeros([4, 1]));
    const v = tf.variable(tf.zeros([4, 1]));
    const [first, second] = [tf.train.momentum(0.1, 0.9), tf.train.adam(0.01)];
    const loss = (of: tf.Variable, { xs, ys }: typeof all) => () =>
      xs.matMul(of as tf.Tensor2D).sub(ys).square().mean() as tf.Scalar;
    const range = await findLearningRate(
      {
        optimizer: first,
        optimizers: [second],
        variables: [w, v],
        trainOnBatch: (batch: typeof all) => ({
          loss: first.minimize(loss(w, batch), true, [w])!,
          other: second.minimize(loss(v, batch), true, [v])!,
        }),
      },
      batchesOf(all, [size]) as () => Iterable<typeof all>,
      {
        iterations: 20,
        startLr: 1e-4,
        endLr: 0.05,
        accumulate,
      },
    );
    tf.dispose([w, v]);
    first.dispose();
    second.dispose();
    return range;
  };
  const expected = await run(24, 1);
  const range = await run(6, 4);
  range.losses.forEach((loss, i) => {
    assertAlmostEquals(loss, expected.losses[i], 1e-5);
    assertAlmostEquals(
      range.metrics.other[i],
      expected.metrics.other[i],
      1e-5,
    );
  });
  tf.dispose(all);
});

Deno.test("findLearningRate() says what accumulating asks of a loop", async () => {
  const w = tf.variable(tf.scalar(1), true, "accumulated_w");
  const optimizer = tf.train.sgd(0.1);
  const step = () =>
    optimizer.minimize(() => w.square() as tf.Scalar, true, [w])!;
  const { numTensors } = tf.memory();
  const find = (trainOnBatch: () => tf.Scalar) =>
    findLearningRate({ optimizer, variables: [w], trainOnBatch }, () => [{}], {
      accumulate: 2,
    });
  await assertRejects(
    () =>
      find(() => {
        step().dispose();
        return step();
      }),
    Error,
    "those of a batch once: current value is 2 times",
  );
  await assertRejects(
    () => find(() => w.square() as tf.Scalar),
    Error,
    "current value is 0 times",
  );
  for (const accumulate of [0, 1.5, NaN]) {
    await assertRejects(
      () =>
        findLearningRate(
          { optimizer, variables: [w], trainOnBatch: step },
          () => [{}],
          { accumulate },
        ),
      RangeError,
      `accumulate must be a whole number >= 1: current value is ${accumulate}`,
    );
  }
  assertEquals(tf.memory().numTensors, numTensors);
  w.dispose();
  optimizer.dispose();
});
