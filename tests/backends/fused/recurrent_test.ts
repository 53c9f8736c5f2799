import * as tf from "@tensorflow/tfjs";
import { assert } from "@std/assert";
import fc from "fast-check";
import { assertAsOnCpu, startWasm, values } from "../wasm/_compare.ts";

type RNN = tf.RNN & tf.layers.Layer;
type Args = Parameters<typeof tf.layers.lstm>[0];

const makers = {
  lstm: (args: Args) => tf.layers.lstm(args) as RNN,
  gru: (args: Args) => tf.layers.gru(args) as RNN,
};
type Name = keyof typeof makers;

function build(name: Name, args: Args, inputs: number[]): RNN {
  const layer = makers[name](args);
  layer.build(inputs);
  layer.setWeights(
    layer.weights.map((weight, i) => values(weight.shape as number[], 20 + i)),
  );
  return layer;
}

function dispose(layer: RNN): void {
  layer.weights.forEach((weight) => weight.dispose());
}

/** The kernels that a computation runs. */
async function kernelsOf(compute: () => tf.Tensor[]): Promise<string[]> {
  await startWasm();
  await tf.setBackend("wasm");
  const { kernelNames } = await tf.profile(() => {
    tf.dispose(tf.tidy(compute));
    return tf.scalar(0);
  });
  return kernelNames;
}

interface Sample {
  readonly batch: number;
  readonly steps: number;
  readonly features: number;
  readonly units: number;
  readonly args: Partial<Args>;
}

const sample: fc.Arbitrary<Sample> = fc.record({
  batch: fc.integer({ min: 1, max: 9 }),
  // tfjs cannot differentiate a single step.
  steps: fc.integer({ min: 2, max: 6 }),
  features: fc.integer({ min: 1, max: 9 }),
  units: fc.integer({ min: 1, max: 11 }),
  args: fc.record({
    goBackwards: fc.boolean(),
    returnSequences: fc.boolean(),
    useBias: fc.boolean(),
    recurrentActivation: fc.constantFrom(
      "hardSigmoid" as const,
      "sigmoid" as const,
    ),
  }),
});

/** The outputs and states of a layer, and all gradients of their mixture. */
function trained(
  name: Name,
  { batch, steps, features, units, args }: Sample,
): tf.Tensor[] {
  const layer = build(
    name,
    { units, returnState: true, ...args } as Args,
    [batch, steps, features],
  );
  const states = name === "lstm" ? 2 : 1;
  const initial = Array.from(
    { length: states },
    (_, k) => values([batch, units], 2 + k),
  );
  const outputs = (x: tf.Tensor, initialState: tf.Tensor[]) =>
    layer.call(x, { training: true, initialState }) as unknown as tf.Tensor[];
  const mixture = (x: tf.Tensor, ...initialState: tf.Tensor[]) =>
    tf.addN(
      outputs(x, initialState).map((output, k) =>
        output.mul(values(output.shape, 7 + k)).sum()
      ),
    );
  const x = values([batch, steps, features], 1);
  const gradients = tf.grads(mixture)([x, ...initial]);
  const { grads } = tf.variableGrads(
    () => mixture(x, ...initial) as tf.Scalar,
    layer.trainableWeights.map((weight) => weight.read() as tf.Variable),
  );
  const results = [
    ...outputs(x, initial),
    ...gradients,
    ...Object.values(grads),
    layer.call(x, {}) as unknown as tf.Tensor[],
  ].flat();
  dispose(layer);
  return results;
}

for (const name of ["lstm", "gru"] as const) {
  const kernel = name.toUpperCase();

  Deno.test(`fuseRecurrentLayers() trains ${name} as on the CPU backend for any shape`, async () => {
    await fc.assert(
      fc.asyncProperty(
        sample,
        (sample) =>
          assertAsOnCpu(() => trained(name, sample), JSON.stringify(sample)),
      ),
      { numRuns: 25, seed: 9 },
    );
  });

  Deno.test(`fuseRecurrentLayers() runs all steps of ${name} as one kernel`, async () => {
    const sizes = { batch: 5, steps: 4, features: 3, units: 6 };
    const training = (args: Partial<Args>) =>
      kernelsOf(() => trained(name, { ...sizes, args }));
    const fused = await training({});
    assert(fused.includes(kernel) && fused.includes(`${kernel}Grad`));
    assert(!fused.includes("SplitV"), "a cell of tfjs's own was called");
    // In training, dropout is left to tfjs; without training, there is none.
    const dropped = await training({ dropout: 0.5 });
    assert(dropped.includes(kernel) && !dropped.includes(`${kernel}Grad`));
  });

  Deno.test(`fuseRecurrentLayers() differentiates a single step of ${name}`, async () => {
    await startWasm();
    await tf.setBackend("wasm");
    tf.tidy(() => {
      const layer = build(name, { units: 3 } as Args, [2, 1, 2]);
      const loss = (x: tf.Tensor) =>
        (layer.call(x, {}) as tf.Tensor).mul(values([2, 3], 5)).sum();
      const x = values([2, 1, 2], 1).mul(0.5);
      const gradient = tf.grad(loss)(x).dataSync();
      const at = [...x.dataSync()];
      const step = 1 / 64;
      gradient.forEach((slope, i) => {
        const [above, below] = [step, -step].map((step) =>
          loss(tf.tensor(at.with(i, at[i] + step), x.shape)).dataSync()[0]
        );
        assert(Math.abs((above - below) / (2 * step) - slope) < 1e-3);
      });
      dispose(layer);
    });
  });

  Deno.test(`fuseRecurrentLayers() keeps the states of a stateful ${name}`, async () => {
    await assertAsOnCpu(() => {
      const layer = makers[name]({
        units: 4,
        stateful: true,
        returnSequences: true,
        batchInputShape: [3, 2, 5],
      } as Args);
      const input = tf.input({ batchShape: [3, 2, 5] });
      layer.apply(input);
      layer.setWeights(
        layer.weights.map((weight, i) =>
          values(weight.shape as number[], 20 + i)
        ),
      );
      const x = values([3, 2, 5], 1);
      const outputs = [1, 2, 3].map(() =>
        (layer.call(x, {}) as tf.Tensor).clone()
      );
      layer.resetStates();
      outputs.push((layer.call(x, {}) as tf.Tensor).clone());
      layer.resetStates();
      tf.dispose((layer as unknown as { states_: tf.Tensor[] }).states_);
      dispose(layer);
      return outputs;
    }, `stateful ${name}`);
  });

  Deno.test(`fuseRecurrentLayers() leaves masks and other activations of ${name} to tfjs`, async () => {
    const masked = () => {
      const layer = build(name, { units: 3 } as Args, [2, 4, 5]);
      const mask = tf.tensor2d([[1, 1, 0, 0], [1, 1, 1, 1]]).cast("bool");
      const y = layer.call(values([2, 4, 5], 1), { mask }) as tf.Tensor;
      dispose(layer);
      return [y];
    };
    const relu = () =>
      trained(name, {
        batch: 2,
        steps: 3,
        features: 4,
        units: 5,
        args: { activation: "relu" },
      });
    for (const compute of [masked, relu]) {
      await assertAsOnCpu(compute, compute.name);
      assert(!(await kernelsOf(compute)).includes(kernel));
    }
  });

  Deno.test(`fuseRecurrentLayers() passes NaN on through the steps of ${name}`, async () => {
    await startWasm();
    await tf.setBackend("wasm");
    tf.tidy(() => {
      for (const special of [NaN, Infinity, -Infinity]) {
        const layer = build(
          name,
          {
            units: 3,
            returnSequences: true,
            recurrentActivation: "sigmoid",
          } as Args,
          [2, 4, 5],
        );
        const x = values([2, 4, 5], 1).bufferSync();
        x.set(special, 1, 2, 3);
        const y = (layer.call(x.toTensor(), {}) as tf.Tensor)
          .arraySync() as number[][][];
        dispose(layer);
        assert(y[0].flat().every(isFinite), "another row of the batch");
        assert(y[1].slice(0, 2).flat().every(isFinite), "an earlier step");
        if (isNaN(special)) {
          assert(y[1].slice(2).flat().every(isNaN), "a later step");
        }
      }
    });
  });
}

Deno.test("fuseRecurrentLayers() trains on in an encoder's states", async () => {
  await assertAsOnCpu(() => {
    const seeded = (seed: number) => tf.initializers.glorotUniform({ seed });
    const input = tf.input({ shape: [3, 4] });
    const options = (seed: number) => ({
      units: 5,
      kernelInitializer: seeded(seed),
      recurrentInitializer: seeded(seed + 1),
    });
    const encoder = tf.layers.lstm({ ...options(1), returnState: true });
    const [, h, c] = encoder.apply(input) as tf.SymbolicTensor[];
    const model = tf.model({ inputs: input, outputs: [h, c] });
    const x = values([2, 3, 4], 1);
    const [first, second] = model.predict(x) as tf.Tensor[];
    const results = [first.clone(), second.clone()];
    model.dispose();
    return results;
  }, "states");
});
