import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { startWebGPU } from "../../src/backends/webgpu/start_webgpu.ts";
import { findLearningRate } from "../../src/finder/find_learning_rate.ts";

const adapter = await navigator.gpu?.requestAdapter();
const ignore = !adapter;
if (ignore) {
  console.log("No WebGPU adapter: the finder's WebGPU tests are skipped");
}

/** Runs `body` on CPU or WebGPU with a small model and data of its own. */
async function on<T>(
  backend: "cpu" | "webgpu",
  body: (
    model: tf.LayersModel,
    data: { xs: tf.Tensor2D; ys: tf.Tensor2D },
  ) => Promise<T>,
): Promise<T> {
  const started = backend === "webgpu"
    ? await startWebGPU({ allowSoftware: true })
    : undefined;
  await tf.setBackend(backend);
  const values = Float32Array.from({ length: 96 }, (_, i) => Math.sin(i * i));
  const xs = tf.tensor2d(values, [32, 3]);
  const ys = tf.tidy(() => xs.sum(1, true) as tf.Tensor2D);
  const optimizer = tf.train.adam(0.01);
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 4,
        inputShape: [3],
        activation: "tanh",
        kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
      }),
      tf.layers.dense({
        units: 1,
        kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }),
      }),
    ],
  });
  model.compile({ optimizer, loss: "meanSquaredError", metrics: ["mae"] });
  try {
    return await body(model, { xs, ys });
  } finally {
    optimizer.dispose();
    model.dispose();
    tf.dispose([xs, ys]);
    await started?.settled();
    await tf.setBackend("cpu");
  }
}

const OPTIONS = { iterations: 30, startLr: 1e-3, endLr: 0.3, batchSize: 8 };

Deno.test({
  name: "findLearningRate() on WebGPU records what it records on CPU",
  ignore,
  fn: async () => {
    const find = (backend: "cpu" | "webgpu") =>
      on(backend, async (model, data) => {
        const { numTensors } = tf.memory();
        const seen: number[] = [];
        const range = await findLearningRate(model, data, {
          ...OPTIONS,
          onBatch: ({ iteration }) => {
            seen.push(iteration);
          },
        });
        assertEquals(tf.memory().numTensors, numTensors);
        assertEquals(seen, Array.from({ length: 30 }, (_, i) => i + 1));
        return range;
      });
    const [gpu, cpu] = [await find("webgpu"), await find("cpu")];
    assertEquals(gpu.losses.length, cpu.losses.length);
    for (let i = 0; i < cpu.losses.length; i++) {
      assertAlmostEquals(gpu.losses[i], cpu.losses[i], 1e-3);
      assertAlmostEquals(gpu.metrics.mae[i], cpu.metrics.mae[i], 1e-3);
    }
    assertEquals(gpu.verdict, cpu.verdict);
  },
});

Deno.test({
  name: "findLearningRate() on WebGPU leaves no trace, however it ends",
  ignore,
  fn: () =>
    on("webgpu", async (model, data) => {
      const weights = async () =>
        await Promise.all(model.getWeights().map((weight) => weight.data()));
      const before = await weights();
      const { numTensors } = tf.memory();
      await findLearningRate(model, data, { ...OPTIONS, repeats: 2 });
      assertEquals(await weights(), before);
      for (const ending of ["throw", "abort"]) {
        const controller = new AbortController();
        const found = await findLearningRate(model, data, {
          ...OPTIONS,
          signal: controller.signal,
          onBatch: ({ iteration }) => {
            if (iteration < 3) return;
            if (ending === "throw") throw new Error("from onBatch");
            controller.abort();
          },
        }).catch((error) => error);
        if (ending === "throw") assert(found instanceof Error);
        else assertEquals(found.stopReason, "aborted");
        assertEquals(await weights(), before, ending);
        assertEquals(tf.memory().numTensors, numTensors, ending);
      }
    }),
});

Deno.test({
  name:
    "findLearningRate() on WebGPU tells what a loop changes unlisted, and puts it back",
  ignore,
  fn: () =>
    on("webgpu", async () => {
      const w = tf.variable(tf.ones([3]), true, "webgpu_w");
      const v = tf.variable(tf.ones([3]), true, "webgpu_v");
      const [first, second] = [tf.train.adam(0.01), tf.train.adam(0.1)];
      const trainOnBatch = () => {
        const loss = first.minimize(
          () => w.sub(3).square().mean() as tf.Scalar,
          true,
          [w],
        )!;
        second.minimize(() => v.square().mean() as tf.Scalar, false, [v]);
        return loss;
      };
      for (let i = 0; i < 2; i++) trainOnBatch().dispose();
      const state = async () =>
        await Promise.all([
          v.data(),
          ...(await second.getWeights()).map(({ tensor }) => tensor.data()),
        ]);
      const before = await state();
      const { numTensors } = tf.memory();
      await assertRejects(
        () =>
          findLearningRate(
            { optimizer: first, variables: [w], trainOnBatch },
            () => [{}],
          ),
        Error,
        'without the Adam optimizer, "webgpu_v"',
      );
      assertEquals(tf.memory().numTensors, numTensors);
      assertEquals(await state(), before);
      tf.dispose([w, v]);
      first.dispose();
      second.dispose();
    }),
});

Deno.test({
  name: "findLearningRate() on WebGPU accumulates gradients as on CPU",
  ignore,
  fn: async () => {
    const find = (backend: "cpu" | "webgpu") =>
      on(backend, (model, data) =>
        findLearningRate(model, data, {
          ...OPTIONS,
          batchSize: 4,
          iterations: 12,
          accumulate: 2,
        }));
    const [cpu, gpu] = [await find("cpu"), await find("webgpu")];
    assertEquals(gpu.losses.length, cpu.losses.length);
    cpu.losses.forEach((loss, i) =>
      assertAlmostEquals(gpu.losses[i], loss, 1e-3)
    );
  },
});
