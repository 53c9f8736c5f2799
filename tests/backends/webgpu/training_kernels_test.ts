import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { type Case, compareWithCPU, random } from "./_compare.ts";
import { ignore, test } from "./_on_webgpu.ts";

const shapes = fc.array(fc.integer({ min: 1, max: 7 }), {
  minLength: 1,
  maxLength: 5,
});

function casesOf<T>(
  arbitrary: fc.Arbitrary<T>,
  count: number,
  of: (given: T, seed: number) => Case["compute"],
): Case[] {
  return fc.sample(arbitrary, { numRuns: count, seed: 16 }).map((given, i) => ({
    name: JSON.stringify(given),
    compute: of(given, 3 * i),
  }));
}

function onBoth(name: string, cases: () => Case[]): void {
  Deno.test({ name, ignore, fn: () => compareWithCPU(cases()) });
}

const ACTIVATIONS: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  relu: tf.relu,
  relu6: (x) => tf.relu6(x.mul(6)),
  sigmoid: tf.sigmoid,
  tanh: tf.tanh,
  square: tf.square,
  clipByValue: (x) => tf.clipByValue(x, -0.5, 0.7),
  softmax: tf.softmax,
};

for (const [name, activation] of Object.entries(ACTIVATIONS)) {
  onBoth(
    `the gradient of ${name} on WebGPU is the CPU's`,
    () =>
      casesOf(shapes, 20, (shape, seed) => () => {
        const x = random(shape, seed);
        const dy = random(shape, seed + 1);
        return [tf.grad(activation)(x, dy)];
      }),
  );
}

test("gradients of activations on WebGPU let a NaN through", async () => {
  for (const [name, activation] of Object.entries(ACTIVATIONS)) {
    if (name === "clipByValue") continue; // of a NaN it gives 0, as tfjs does
    const gradient = tf.tidy(() =>
      tf.grad((x) => activation(x).sum())(tf.tensor2d([[1, NaN], [1, 2]]))
    );
    const values = await gradient.data();
    assert(Number.isNaN(values[1]), name);
    assert(!Number.isNaN(values[3]), name);
    gradient.dispose();
  }
});

const reductions = shapes.chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    axes: fc.uniqueArray(fc.nat(shape.length - 1)),
    keepDims: fc.boolean(),
  })
);

for (const [name, reduce] of Object.entries({ sum: tf.sum, mean: tf.mean })) {
  onBoth(
    `${name} on WebGPU, with its gradient, is the CPU's`,
    () =>
      casesOf(reductions, 100, ({ shape, axes, keepDims }, seed) => () => {
        const x = random(shape, seed);
        const along = axes.length > 0 ? axes : undefined;
        const f = (x: tf.Tensor) => reduce(x, along, keepDims);
        const y = f(x);
        return [y, tf.grad(f)(x, random(y.shape, seed + 1))];
      }),
  );
}

onBoth(
  "sum on WebGPU is the CPU's where there are many rows",
  () =>
    [[5000, 3], [70_000, 1], [2, 9000, 5], [33_000, 70]].map((shape) => ({
      name: `${shape}`,
      compute: () => [tf.sum(random(shape, 1), shape.length - 2)],
    })),
);

const normalized = fc.record({
  // Of two values, the gradient is 0 but for rounding.
  shape: fc.array(fc.integer({ min: 3, max: 6 }), {
    minLength: 2,
    maxLength: 4,
  }),
  /** How far the values are from 0, in standard deviations. */
  distance: fc.constantFrom(0, 3, 100),
});

/** A layer's outputs, moving statistics and gradients in training. */
function trainBatchNorm(shape: number[], distance: number, seed: number) {
  const layer = tf.layers.batchNormalization({ momentum: 0.7 });
  const channels = [shape.at(-1)!];
  layer.build(shape);
  const variables = layer.weights.map((weight) => weight.read() as tf.Variable);
  const [gamma, beta] = variables;
  gamma.assign(random(channels, seed));
  beta.assign(random(channels, seed + 1));
  const x = tf.variable(random(shape, seed + 2).add(distance));
  const dy = random(shape, seed + 3);
  const { value, grads } = tf.variableGrads(
    () =>
      (layer.apply(x, { training: true }) as tf.Tensor).mul(dy)
        .sum() as tf.Scalar,
    [x, gamma, beta],
  );
  const results = [
    value,
    ...[x, gamma, beta].map(({ name }) => grads[name]),
    ...variables.slice(2).map((v) => v.clone() as tf.Tensor),
  ];
  x.dispose();
  tf.dispose(variables);
  return results;
}

onBoth("batch normalization in training on WebGPU is the CPU's", () =>
  [
    ...casesOf(normalized, 60, ({ shape, distance }, seed) => () =>
      trainBatchNorm(shape, distance, seed)),
    {
      name: "many rows",
      compute: () =>
        trainBatchNorm([3, 50, 50, 5], 1, 7),
    },
    ...[16, 40, 130].map((channels) => ({
      name: `${channels} channels`,
      compute: () =>
        trainBatchNorm([2, 6, 6, channels], 1, 7),
    })),
  ].map((given) => ({
    ...given,
    // Far from 0, the distance from the mean has lost digits before it is taken.
    tolerance: given.name.includes("100}") ? 5e-4 : 1e-5,
  })));

onBoth(
  "fine-tuned batch normalization on WebGPU is the CPU's",
  () =>
    casesOf(normalized, 30, ({ shape }, seed) => () => {
      const channels = [shape.at(-1)!];
      const rank4 = [...[1, 1, 1, 1].slice(shape.length), ...shape];
      const x = random(rank4, seed) as tf.Tensor4D;
      const [mean, variance, offset, scale] = [1, 2, 3, 4].map((i) =>
        random(channels, seed + i).square().add(0.5) as tf.Tensor1D
      );
      const normalize = (...tensors: tf.Tensor[]) => {
        const [x, mean, variance, offset, scale] = tensors as [
          tf.Tensor4D,
          ...tf.Tensor1D[],
        ];
        return tf.batchNorm(x, mean, variance, offset, scale);
      };
      return tf.grads(normalize)(
        [x, mean, variance, offset, scale],
        random(rank4, seed + 9),
      );
    }),
);

const classes = fc.record({
  rows: fc.integer({ min: 1, max: 9 }),
  classes: fc.oneof(
    fc.integer({ min: 2, max: 12 }),
    fc.integer({ min: 60, max: 200 }),
  ),
  /** The logits' spread: far out, probabilities are cut off. */
  spread: fc.constantFrom(1, 5, 40),
});

for (const isWhole of [false, true]) {
  onBoth(
    `categorical cross-entropy on WebGPU, of ${
      isWhole ? "whole" : "soft"
    } targets, is the CPU's`,
    () =>
      casesOf(classes, 40, ({ rows, classes, spread }, seed) => () => {
        const probabilities = tf.softmax(
          random([rows, classes], seed).mul(spread),
        );
        const target = isWhole
          ? tf.oneHot(
            tf.tensor1d(
              Array.from({ length: rows }, (_, i) => i % classes),
              "int32",
            ),
            classes,
          )
          : tf.softmax(random([rows, classes], seed + 1));
        // Where all are certain, losses are but rounding.
        const f = (p: tf.Tensor) =>
          tf.metrics.categoricalCrossentropy(target, p).add(1);
        return [f(probabilities), tf.grad(f)(probabilities)];
      }),
  );
}

onBoth(
  "the L2 penalty on WebGPU, with its gradient, is the CPU's",
  () =>
    [[1], [3, 5], [300, 7], [40_000], [3, 200, 200]].map((shape) => ({
      name: `${shape}`,
      compute: () => {
        const w = tf.variable(random(shape, 1));
        const { value, grads } = tf.variableGrads(() => {
          const penalty = tf.regularizers.l2({ l2: 0.01 });
          const apply = (penalty as unknown as {
            apply(x: tf.Tensor): tf.Scalar;
          }).apply(w);
          return w.sum().add(apply).add(apply.mul(2)) as tf.Scalar;
        }, [w]);
        const results = [value, grads[w.name]];
        w.dispose();
        return results;
      },
    })),
);

test("gradients of gradients on WebGPU are exact", async () => {
  // Of x³, of a mean of squares, and of the square of a ReLU.
  const cube = tf.grad((x) => tf.grad((x) => x.square().mul(x).sum())(x).sum());
  assertEquals(
    await cube(tf.tensor1d([1, -2])).data(),
    new Float32Array([6, -12]),
  );
  const mean = tf.grad((x) =>
    tf.grad((x) => x.square().mean())(x).square().sum()
  );
  assertEquals(
    await mean(tf.tensor1d([1, -2])).data(),
    new Float32Array([2, -4]),
  );
  const relu = tf.grad((x) => tf.grad((x) => x.relu().square().sum())(x).sum());
  assertEquals(
    await relu(tf.tensor1d([3, -2])).data(),
    new Float32Array([2, 0]),
  );
});

test("a dropout's mask on WebGPU is the one that tfjs draws", async () => {
  for (const shape of [[10], [50, 100], [3, 40, 41]]) {
    for (const rate of [0.1, 0.5, 0.75]) {
      const draw = () =>
        tf.tidy(() => tf.dropout(tf.ones(shape), rate, undefined, 5));
      const here = draw();
      const values = await here.data();
      here.dispose();
      await tf.setBackend("cpu");
      const there = draw();
      assertEquals(values, await there.data());
      there.dispose();
      await tf.setBackend("webgpu");
    }
  }
});

test("two-valued tensors reach the GPU as they are", async () => {
  const length = 5000;
  for (const odd of [1, -0, NaN, 0.25, Infinity]) {
    const values = Float32Array.from({ length }, (_, i) => i % 3 ? 0 : 2);
    for (const at of [-1, 0, 4999]) {
      if (at >= 0) values[at] = odd;
      const x = tf.tensor1d(values);
      const y = tf.reshape(tf.stack([x, x]), [2 * length]).slice(length);
      const back = await y.data();
      assert(back.every((value, i) => Object.is(value, values[i])));
      tf.dispose([x, y]);
    }
  }
});

test("a number that is used again and again is never written over", async () => {
  const numbers = [0.5, -0, NaN, 3];
  const ones = tf.ones([2]);
  // Met often enough to be kept on the GPU.
  for (let i = 0; i < 3; i++) {
    for (const number of numbers) {
      tf.tidy(() => void ones.mul(number).dataSync());
    }
  }
  for (const number of numbers) {
    const optimizer = tf.train.momentum(0.1, 0.9);
    const weight = tf.variable(tf.tensor1d([number]));
    optimizer.minimize(() => weight.mul(2).sum(), false, [weight]);
    const after = (await weight.data())[0];
    if (!Number.isNaN(number)) assertAlmostEquals(after, number - 0.2, 1e-6);
    weight.dispose();
    optimizer.dispose();
    const product = ones.mul(number);
    const [value] = await product.data();
    assertEquals(value, number);
    product.dispose();
  }
  // Whole numbers of the same bits are other constants.
  const whole = tf.scalar(3, "int32");
  for (let i = 0; i < 3; i++) {
    assertEquals([...tf.tidy(() => whole.add(whole).dataSync())], [6]);
  }
  tf.dispose([ones, whole]);
});

test("a deferred gradient holds what it needs, and no longer", async (backend) => {
  const before = { ...tf.memory() };
  const dy = tf.ones([1, 4, 4, 2]);
  const filter = tf.ones([3, 3, 1, 2]);
  const attrs = {
    strides: [1, 1],
    pad: "same",
    dataFormat: "NHWC",
    inputShape: [1, 4, 4, 1],
  };
  const gradient = () =>
    tf.engine().runKernel(
      "Conv2DBackpropInput",
      { dy, filter } as unknown as tf.NamedTensorMap,
      attrs,
    ) as tf.Tensor;
  const unused = gradient();
  const used = gradient();
  assert(backend.deferredOf(used));
  tf.dispose([dy, filter]);
  unused.dispose();
  assertEquals((await used.data())[5], 18);
  assert(!backend.deferredOf(used));
  used.dispose();
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  assertEquals([numTensors, numDataBuffers, numBytes], [
    before.numTensors,
    before.numDataBuffers,
    before.numBytes,
  ]);
});
