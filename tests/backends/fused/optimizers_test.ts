import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { layerRates } from "@clr/clr/training";
import { startWasm } from "../wasm/_compare.ts";

const optimizers: Record<string, () => tf.Optimizer> = {
  sgd: () => tf.train.sgd(0.1),
  momentum: () => tf.train.momentum(0.1, 0.9),
  nesterov: () => tf.train.momentum(0.1, 0.9, true),
  adagrad: () => tf.train.adagrad(0.1, 0.05),
  adadelta: () => tf.train.adadelta(0.5, 0.9),
  adam: () => tf.train.adam(0.01),
  adamax: () => tf.train.adamax(0.01, 0.9, 0.999, 1e-8, 0.01),
  rmsprop: () => tf.train.rmsprop(0.01, 0.9, 0.3),
  centered: () => tf.train.rmsprop(0.01, 0.9, 0.3, 1e-3, true),
};

interface Run {
  readonly shapes: number[][];
  /** Which weight gets no gradient in which step. */
  readonly missing: [step: number, weight: number];
  readonly special: number[];
}

type Named = { name: string; tensor: tf.Tensor };

/** The bits of all weights and slots after a few steps, and the optimizer's. */
function train(
  backend: "cpu" | "wasm",
  make: () => tf.Optimizer,
  { shapes, missing, special }: Run,
): Int32Array[] {
  const variables = shapes.map((shape, i) =>
    tf.tidy(() => tf.randomNormal(shape, 0, 1, "float32", i + 1).variable(true))
  );
  const optimizer = make();
  for (let step = 0; step < 4; step++) {
    tf.tidy(() => {
      const gradients: Named[] = variables.map((variable, i) => {
        const values = Array.from(
          tf.randomNormal(shapes[i], 0, 1, "float32", 100 * step + i + 11)
            .dataSync(),
        );
        if (step === 2) values.splice(0, special.length, ...special);
        return {
          name: variable.name,
          tensor: missing[0] === step && missing[1] === i
            ? null as unknown as tf.Tensor
            : tf.tensor(values.slice(0, variable.size), shapes[i]),
        };
      });
      optimizer.applyGradients(gradients);
    });
  }
  assertEquals(tf.getBackend(), backend);
  assertEquals(optimizer.iterations, 4);
  const fields = Object.values(optimizer as unknown as Record<string, unknown>);
  const slots = fields.flatMap((field) =>
    Array.isArray(field)
      ? (field as { variable: tf.Variable }[]).map(({ variable }) => variable)
      : field instanceof tf.Variable
      ? [field]
      : []
  );
  const bits = [...variables, ...slots].map((tensor) =>
    // A NaN has many bit patterns.
    new Int32Array(
      Float32Array.from(tensor.dataSync(), (x) => isNaN(x) ? NaN : x).buffer,
    )
  );
  optimizer.dispose();
  tf.dispose(variables);
  return bits;
}

const sample = fc.record({
  shapes: fc.array(
    fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }),
    { minLength: 1, maxLength: 4 },
  ),
  missing: fc.tuple(fc.integer({ min: 0, max: 4 }), fc.nat(3)),
  special: fc.array(
    fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, 1e-40, 3e38),
    { maxLength: 6 },
  ),
});

for (const [name, make] of Object.entries(optimizers)) {
  Deno.test(`fuseOptimizers() updates by ${name} to the bit as the CPU backend does`, async () => {
    await startWasm();
    await fc.assert(
      fc.asyncProperty(sample, async (run) => {
        await tf.setBackend("cpu");
        const epsilon = tf.backend().epsilon();
        const expected = train("cpu", make, run);
        await tf.setBackend("wasm");
        assertEquals(tf.backend().epsilon(), epsilon);
        const { numTensors } = tf.memory();
        const ids = tf.backend().numDataIds();
        assertEquals(train("wasm", make, run), expected);
        assertEquals(tf.memory().numTensors, numTensors);
        assertEquals(tf.backend().numDataIds(), ids);
      }),
      { numRuns: 25, seed: 4 },
    );
  });
}

Deno.test("fuseOptimizers() runs one kernel for all weights, in pieces for all threads", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  const variables = [[30_000], [3, 5], [8192]].map((shape) =>
    tf.variable(tf.ones(shape))
  );
  const optimizer = tf.train.momentum(0.5, 0.9);
  const profile = await tf.profile(() => {
    optimizer.minimize(() =>
      tf.addN(variables.map((variable) => variable.square().sum())) as tf.Scalar
    );
    return tf.scalar(0);
  });
  assertEquals(
    profile.kernelNames.filter((name) => name.endsWith("Update")),
    ["MomentumUpdate"],
  );
  for (const variable of variables) {
    assertEquals(new Set(variable.dataSync()), new Set([0]));
  }
  optimizer.dispose();
  tf.dispose(variables);
});

Deno.test("fuseOptimizers() leaves clones of weights as they were", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  const weight = tf.variable(tf.tensor1d([1, 2, 3]));
  const before = weight.clone();
  const optimizer = tf.train.sgd(1);
  const step = () =>
    optimizer.applyGradients([{ name: weight.name, tensor: tf.ones([3]) }]);
  tf.tidy(step);
  assertEquals([...weight.dataSync()], [0, 1, 2]);
  assertEquals([...before.dataSync()], [1, 2, 3]);
  before.dispose();
  // Now that nobody shares them, the values are updated where they are.
  const { dataId } = weight;
  tf.tidy(step);
  assertEquals([...weight.dataSync()], [-1, 0, 1]);
  assert(weight.dataId === dataId);
  optimizer.dispose();
  weight.dispose();
});

Deno.test("fuseOptimizers() lets tfjs's kernels see weights that changed where they are", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  // Its kernel is XNNPACK's, which keeps the weights that it saw first.
  const alpha = tf.variable(tf.tensor2d([[0.5, 0.25]]));
  const x = tf.tensor2d([[-1, -1]]);
  const optimizer = tf.train.sgd(1);
  for (const expected of [[-0.5, -0.25], [0.5, 0.75], [1.5, 1.75]]) {
    tf.tidy(() => {
      assertEquals([...tf.prelu(x, alpha).dataSync()], expected);
      optimizer.applyGradients([{ name: alpha.name, tensor: tf.ones([1, 2]) }]);
    });
  }
  optimizer.dispose();
  tf.dispose([alpha, x]);
});

Deno.test("fuseOptimizers() works under layerRates()", async () => {
  const steps = async (backend: string) => {
    await startWasm();
    await tf.setBackend(backend);
    const model = tf.sequential({
      layers: [
        tf.layers.dense({
          name: "body",
          units: 4,
          inputShape: [3],
          kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
        }),
        tf.layers.dense({
          name: "head",
          units: 1,
          kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }),
        }),
      ],
    });
    model.compile({ optimizer: tf.train.adam(0.1), loss: "meanSquaredError" });
    using _rates = layerRates(model, { body: 0, "head/bias": 0.5 });
    const xs = tf.randomNormal([8, 3], 0, 1, "float32", 3);
    const ys = tf.randomNormal([8, 1], 0, 1, "float32", 4);
    for (let step = 0; step < 3; step++) await model.trainOnBatch(xs, ys);
    const weights = model.getWeights().map((weight) =>
      Array.from(weight.dataSync())
    );
    model.optimizer.dispose();
    model.dispose();
    tf.dispose([xs, ys]);
    return weights;
  };
  const expected = await steps("cpu");
  const actual = await steps("wasm");
  assertEquals(actual[0], expected[0], "a factor of 0 freezes to the bit");
  actual.flat().forEach((value, i) =>
    assert(Math.abs(value - expected.flat()[i]) < 1e-5)
  );
});

Deno.test("fuseOptimizers() leaves what its kernels cannot take to tfjs", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  const weight = tf.variable(tf.ones([2, 2]));
  const optimizer = tf.train.sgd(1);
  tf.tidy(() =>
    // tfjs broadcasts such a gradient.
    optimizer.applyGradients([{ name: weight.name, tensor: tf.scalar(1) }])
  );
  assertEquals([...weight.dataSync()], [0, 0, 0, 0]);
  optimizer.dispose();
  weight.dispose();
});
