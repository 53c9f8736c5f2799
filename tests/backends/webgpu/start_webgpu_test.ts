import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import {
  Checkpointer,
  CyclicLR,
  loadCheckpoint,
} from "../../../src/training/mod.ts";
import {
  DeviceLostError,
  WebGPUUnavailableError,
} from "../../../src/backends/webgpu/errors.ts";
import type { TrainingBackend } from "../../../src/backends/webgpu/_training_backend.ts";
import { startWebGPU } from "../../../src/backends/webgpu/start_webgpu.ts";

const adapter = await navigator.gpu?.requestAdapter();
const ignore = !adapter;
if (ignore) console.log("No WebGPU adapter: the WebGPU tests are skipped");

/** Runs `body` on the adapter that is there, and stops the backend after it. */
async function onWebGPU(body: () => Promise<void>): Promise<void> {
  const first = await startWebGPU({ allowSoftware: true });
  try {
    await body();
  } finally {
    const last = await startWebGPU({ allowSoftware: true });
    await Promise.all([first.settled(), last.settled()]);
    await tf.setBackend("cpu");
  }
}

function pseudoRandom(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

/** A CNN with batch norm and one layer of each kind that images need. */
function createModel(): tf.Sequential {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [12, 12, 3],
        filters: 4,
        kernelSize: 3,
        padding: "same",
        useBias: false,
      }),
      tf.layers.batchNormalization(),
      tf.layers.activation({ activation: "relu" }),
      tf.layers.maxPooling2d({ poolSize: 3, strides: 2 }),
      tf.layers.depthwiseConv2d({ kernelSize: 3, padding: "same" }),
      tf.layers.conv2d({
        filters: 6,
        kernelSize: 3,
        strides: 2,
        activation: "relu",
      }),
      tf.layers.averagePooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 4, activation: "softmax" }),
    ],
  });
  tf.tidy(() =>
    model.setWeights(
      model.getWeights().map(({ shape }, i) => {
        const values = pseudoRandom(tf.util.sizeFromShape(shape), i + 1);
        // Scales and variances are positive; the rest is about zero.
        const positive = i === 1 || i === 4;
        return tf.tensor(
          values.map((v) => positive ? 1 + v / 4 : v / 3),
          shape,
        );
      }),
    )
  );
  model.compile({
    optimizer: tf.train.momentum(0.05, 0.9),
    loss: "categoricalCrossentropy",
  });
  return model;
}

async function train(
  steps: number,
): Promise<{ losses: number[]; weights: Float32Array[] }> {
  const model = createModel();
  const xs = tf.tensor4d(pseudoRandom(8 * 12 * 12 * 3, 99), [8, 12, 12, 3]);
  const labels = tf.tensor1d([0, 1, 2, 3, 0, 1, 2, 3], "int32");
  const ys = tf.oneHot(labels, 4);
  const losses = [];
  for (let i = 0; i < steps; i++) {
    losses.push(await model.trainOnBatch(xs, ys) as number);
  }
  const weights = await Promise.all(
    model.getWeights().map((w) => w.data<"float32">()),
  );
  tf.dispose([xs, labels, ys]);
  model.optimizer.dispose();
  model.dispose();
  return { losses, weights };
}

Deno.test({
  name: "startWebGPU() trains a CNN to the CPU backend's losses and weights",
  ignore,
  async fn() {
    await tf.setBackend("cpu");
    const expected = await train(20);
    assert(expected.losses[19] < 0.9 * expected.losses[0]);
    await onWebGPU(async () => {
      const actual = await train(20);
      for (const [step, loss] of expected.losses.entries()) {
        assertAlmostEquals(actual.losses[step], loss, 1e-5);
      }
      for (const [i, weights] of expected.weights.entries()) {
        weights.forEach((w, j) =>
          assertAlmostEquals(actual.weights[i][j], w, 1e-5)
        );
      }
    });
  },
});

Deno.test({
  name: "startWebGPU() keeps no memory over 500 training steps",
  ignore,
  async fn() {
    await onWebGPU(async () => {
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ inputShape: [3], units: 4 }),
          tf.layers.batchNormalization(),
        ],
      });
      model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
      const xs = tf.ones([2, 3]);
      const ys = tf.zeros([2, 4]);
      const memoryAfter = async (steps: number) => {
        for (let i = 0; i < steps; i++) await model.trainOnBatch(xs, ys);
        const { numTensors, numBytes } = tf.memory();
        const gpu = (tf.backend() as WebGPUBackend).memory();
        return { numTensors, numBytes, gpu };
      };
      const early = await memoryAfter(10);
      const late = await memoryAfter(490);
      assertEquals(late, early);
      model.dispose();
      tf.dispose([xs, ys]);
    });
  },
});

Deno.test({
  name: "startWebGPU() reads synchronously what it reads asynchronously",
  ignore,
  async fn() {
    await onWebGPU(async () => {
      const a = tf.tensor2d(pseudoRandom(70 * 70, 1), [70, 70]);
      const b = a.matMul(a);
      const positive = b.greater(0);
      const complex = tf.complex(b, a);
      const values = b.dataSync();
      b.sum(0).dataSync(); // a smaller read through the larger staging buffer
      const again = b.add(0);

      assertEquals(await again.data(), values);
      assertEquals(
        Array.from(positive.dataSync()),
        Array.from(values, (v) => Number(v > 0)),
      );
      assertEquals(complex.dataSync()[1], a.dataSync()[0]);
      squareOf(pseudoRandom(70 * 70, 1), 70).forEach((expected, i) =>
        assertAlmostEquals(values[i], expected, 1e-4)
      );
      tf.dispose([a, b, positive, complex, again]);
    });
  },
});

/** `a · a` for the matrix `a` above, in double precision. */
function squareOf(a: Float32Array, n: number): number[] {
  return Array.from({ length: n * n }, (_, index) => {
    const row = Math.floor(index / n), column = index % n;
    let sum = 0;
    for (let k = 0; k < n; k++) sum += a[row * n + k] * a[k * n + column];
    return sum;
  });
}

Deno.test({
  name: "startWebGPU() reads a tensor that is disposed of meanwhile",
  ignore,
  async fn() {
    await onWebGPU(async () => {
      const twos = tf.tidy(() => tf.ones([2000]).add(1));
      const reads = [twos.data(), twos.data()];
      twos.dispose();
      for (const values of await Promise.all(reads)) {
        assertEquals(values, new Float32Array(2000).fill(2));
      }
    });
  },
});

Deno.test({
  name: "startWebGPU() sums up along axes of one length after another",
  ignore,
  async fn() {
    await onWebGPU(async () => {
      for (const length of [3, 2, 5]) {
        const ones = tf.ones([2, length]);
        const twos = ones.mul(2);
        const sums = tf.cumsum(ones, 1, false, true);
        const products = tf.cumprod(twos, 1, true, true);
        const left = Array.from({ length }, (_, i) => length - i);
        assertEquals(await sums.data(), Float32Array.from([...left, ...left]));
        const powers = left.map((n) => 2 ** (n - 1));
        assertEquals(
          await products.data(),
          Float32Array.from([...powers, ...powers]),
        );
        tf.dispose([ones, twos, sums, products]);
      }
    });
  },
});

Deno.test({
  name: "startWebGPU() keeps the dimensions of a small tensor's product",
  ignore,
  async fn() {
    await onWebGPU(async () => {
      const x = tf.tensor3d([1, 2, 3, 4, 5, 6], [1, 3, 2]);
      for (
        const [axis, shape, values] of [
          [1, [1, 1, 2], [15, 48]],
          [[0, 2], [1, 3, 1], [2, 12, 30]],
          [undefined, [1, 1, 1], [720]],
        ] as const
      ) {
        const product = tf.prod(x, axis as number, true);
        assertEquals(product.shape, [...shape]);
        assertEquals(await product.data(), Float32Array.from(values));
        product.dispose();
      }
      x.dispose();
    });
  },
});

Deno.test({
  name: "startWebGPU() adds more tensors than a shader can bind",
  ignore,
  async fn() {
    await onWebGPU(async () => {
      const before = tf.memory().numTensors;
      for (const count of [1, 2, 7, 8, 9, 13, 14, 40]) {
        // Too large for the processor to take the sum over.
        const terms = Array.from(
          { length: count },
          (_, i) => tf.fill([2000], i + 1),
        );
        const sum = tf.addN(terms);
        assertEquals((await sum.data())[1999], count * (count + 1) / 2);
        tf.dispose([sum, terms]);
      }
      assertEquals(tf.memory().numTensors, before);
    });
  },
});

Deno.test({
  name: "startWebGPU() refuses a software adapter unless it is allowed",
  ignore: ignore || !adapter.info.isFallbackAdapter,
  async fn() {
    const error = await assertRejects(
      () => startWebGPU(),
      WebGPUUnavailableError,
    );
    assertEquals(error.reason, "software-adapter");
    assertStringIncludes(error.message, adapter!.info.description);
  },
});

Deno.test({
  name: "startWebGPU() returns the running device and describes it",
  ignore,
  async fn() {
    await onWebGPU(async () => {
      tf.removeBackend("webgpu");
      const start = () => startWebGPU({ allowSoftware: true });
      const [first, second] = await Promise.all([start(), start()]);
      assertStrictEquals(first, second);
      assertStrictEquals(first, await start());
      assertStringIncludes(first.device, adapter!.info.description);
      assertEquals(first.isFallbackAdapter, adapter!.info.isFallbackAdapter);
      assert(first.maxTensorBytes >= 2 ** 27);
    });
  },
});

Deno.test({
  name: "startWebGPU() says which tensor the device cannot hold",
  ignore,
  async fn() {
    await onWebGPU(async () => {
      const { device, maxTensorBytes } = await startWebGPU({
        allowSoftware: true,
      });
      const length = Math.floor(maxTensorBytes / 4) + 1;
      const error = assertThrows(() => tf.fill([length], 1), RangeError);
      assertStringIncludes(error.message, device);
      assertStringIncludes(error.message, `${maxTensorBytes}`);
      // As a kernel would ask for that computes a length from a wrong index.
      const backend = tf.backend() as unknown as TrainingBackend;
      assertThrows(
        () => backend.allocate([-4]),
        RangeError,
        "current value is -16",
      );
      assertEquals(
        await tf.tidy(() => tf.fill([2000], 1).sum()).data(),
        new Float32Array([2000]),
      );
    });
  },
});

Deno.test({
  name: "startWebGPU() throws what the driver refuses at the next read",
  ignore,
  async fn() {
    await onWebGPU(async () => {
      const sum = tf.tidy(() => tf.ones([2000]).add(1));
      const { device } = tf.backend() as WebGPUBackend;
      device.createShaderModule({ code: "fn broken(" });
      const error = await assertRejects(() => sum.data(), Error);
      assertStringIncludes(error.message, "its driver must accept every");
      assertStringIncludes(error.message, adapter!.info.description);
      assertEquals((await sum.add(0).data())[0], 2);
      sum.dispose();
    });
  },
});

Deno.test({
  name: "startWebGPU() names a lost device, and starts again after it",
  ignore,
  async fn() {
    await onWebGPU(async () => {
      const lostDevice = await startWebGPU({ allowSoftware: true });
      const model = tf.sequential({
        layers: [tf.layers.dense({ inputShape: [3], units: 1 })],
      });
      model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
      const xs = tf.ones([8, 3]);
      const ys = tf.zeros([8, 1]);
      const { device } = tf.backend() as WebGPUBackend;
      const error = await assertRejects(
        () =>
          model.fit(xs, ys, {
            batchSize: 2,
            epochs: 2,
            verbose: 0,
            callbacks: {
              onBatchEnd: (batch) => {
                if (batch === 2) device.destroy();
              },
            },
          }),
        DeviceLostError,
      );
      assertEquals(error.device, lostDevice.device);
      assertStringIncludes(error.message, lostDevice.device);
      assert((await lostDevice.lost).length > 0);

      const again = await startWebGPU({ allowSoftware: true });
      assertNotEquals(again, lostDevice);
      assertEquals(await tf.add([1], [2]).data(), new Float32Array([3]));
    });
  },
});

Deno.test({
  name: "startWebGPU() goes on from the last checkpoint after a lost device",
  ignore,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "clr-test-" });
    const values = pseudoRandom(16 * 3, 7);
    /** Trains to the end, from a checkpoint if there is one. */
    const trainFor = async (losing?: number): Promise<Float32Array> => {
      const model = tf.sequential({
        layers: [
          tf.layers.dense({
            inputShape: [3],
            units: 2,
            kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
          }),
        ],
      });
      model.compile({
        optimizer: tf.train.momentum(0.1, 0.9),
        loss: "meanSquaredError",
      });
      const scheduler = new CyclicLR({ baseLr: 0.01, maxLr: 0.1, stepSize: 3 });
      const checkpoint = losing === undefined
        ? await loadCheckpoint(folder)
        : undefined;
      checkpoint?.restore({ model, scheduler });
      const done = checkpoint?.iteration ?? 0;
      const xs = tf.tensor2d(values.slice(done * 6), [16 - 2 * done, 3]);
      const ys = tf.ones([16 - 2 * done, 2]);
      const { device } = tf.backend() as WebGPUBackend;
      try {
        await model.fit(xs, ys, {
          batchSize: 2,
          shuffle: false,
          verbose: 0,
          callbacks: [
            scheduler,
            new Checkpointer(folder, { scheduler, every: 3 }),
            new tf.CustomCallback({
              onBatchEnd: (batch) => {
                if (batch === losing) device.destroy();
              },
            }),
          ],
        });
        return await model.getWeights()[0].data<"float32">();
      } finally {
        tf.dispose([xs, ys]);
        model.dispose();
      }
    };
    await onWebGPU(async () => {
      const expected = await trainFor();
      await Deno.remove(folder, { recursive: true });
      await assertRejects(() => trainFor(4), DeviceLostError);
      assertEquals((await loadCheckpoint(folder))?.iteration, 3);
      await startWebGPU({ allowSoftware: true });
      const resumed = await trainFor();
      expected.forEach((w, i) => assertAlmostEquals(resumed[i], w, 1e-6));
    });
    await Deno.remove(folder, { recursive: true });
  },
});
