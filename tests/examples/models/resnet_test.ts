import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { selectBackend } from "@clr/clr/backends";
import * as tf from "@tensorflow/tfjs";
import type { ModelOptions } from "../../../examples/models/_compile.ts";
import {
  setSteps,
  StochasticDepthAdd,
} from "../../../examples/models/_counted_layer.ts";
import {
  createDenseNet,
  DENSENET_PARAMETERS,
} from "../../../examples/models/densenet.ts";
import {
  createResNet,
  RESNET_PARAMETERS,
} from "../../../examples/models/resnet.ts";

await tf.setBackend("cpu");

const trained = (model: tf.LayersModel) =>
  model.trainableWeights.reduce(
    (sum, { shape }) => sum + tf.util.sizeFromShape(shape as number[]),
    0,
  );

Deno.test("createResNet() has the parameters that were published", () => {
  for (const depth of [20, 56, 110] as const) {
    const model = createResNet({ depth });
    assertEquals(trained(model), RESNET_PARAMETERS[depth]);
    model.dispose();
  }
  assertThrows(() => createResNet({ depth: 21 }), RangeError, "6n + 2");
});

Deno.test("createResNet() can be narrower, for smaller images", () => {
  const model = createResNet({ depth: 8, imageSize: 16, width: 0.5 });
  const convolutions = [[3, 8], [8, 8], [8, 8], [8, 16], [16, 16], [16, 32], [
    32,
    32,
  ]].reduce((sum, [from, to]) => sum + 9 * from * to + 2 * to, 0);
  assertEquals(trained(model), convolutions + 33 * 10);
  model.dispose();
});

Deno.test("createResNet() with stochastic depth keeps half of the last block", () => {
  const model = createResNet({ depth: 20, stochasticDepth: true });
  const survival = model.layers
    .filter((layer) => layer instanceof StochasticDepthAdd)
    .map((layer) => layer.getConfig().survival as number);
  assertEquals(survival.length, 9);
  assertAlmostEquals(survival[0], 1 - 1 / 18, 1e-12);
  assertAlmostEquals(survival[8], 0.5, 1e-12);
  assertEquals(trained(model), RESNET_PARAMETERS[20]);
  model.dispose();
});

Deno.test("createDenseNet() has the parameters that were published", () => {
  const model = createDenseNet();
  assertEquals(trained(model), DENSENET_PARAMETERS);
  model.dispose();
  assertThrows(() => createDenseNet({ depth: 41 }), RangeError, "3n + 4");
});

Deno.test("createDenseNet() and createResNet() of the paper's sizes take a training step", async () => {
  await selectBackend({ backend: "wasm", threads: 1 });
  const models = [
    createDenseNet,
    (options: ModelOptions) => createResNet({ ...options, depth: 56 }),
    (options: ModelOptions) =>
      createResNet({ ...options, depth: 110, stochasticDepth: true }),
  ];
  for (const create of models) {
    const optimizer = tf.train.momentum(0.1, 0.9, true);
    const model = create({ optimizer });
    const before = model.trainableWeights.map((weight) =>
      weight.read().clone()
    );
    const xs = tf.randomNormal([2, 32, 32, 3], 0, 1, "float32", 1);
    const ys = tf.oneHot(tf.tensor1d([3, 7], "int32"), 10);
    const [loss] = await model.trainOnBatch(xs, ys) as number[];
    assert(loss > 0 && loss < 20, `${model.name}: ${loss}`);
    tf.tidy(() => {
      const unchanged = model.trainableWeights.filter((weight, i) =>
        !tf.any(tf.notEqual(weight.read(), before[i])).dataSync()[0]
      );
      // Stochastic depth leaves blocks of six weights out of a step.
      const left = model.layers.some((layer) =>
        layer instanceof StochasticDepthAdd
      );
      assert(left ? unchanged.length < 6 * 27 * 2 : unchanged.length === 0);
    });
    tf.dispose([xs, ys, before]);
    model.dispose();
    optimizer.dispose();
  }
  await tf.setBackend("cpu");
});

Deno.test("StochasticDepthAdd leaves the branch out as often as it should, and weighs it in tests", () => {
  const layer = new StochasticDepthAdd({ survival: 0.7, seed: 3 });
  const sums = (from: number, count: number) => {
    layer.steps = from;
    return Array.from(
      { length: count },
      () =>
        tf.tidy(() =>
          (layer.apply(
            [tf.scalar(1).expandDims(), tf.scalar(10).expandDims()],
            {
              training: true,
            },
          ) as tf.Tensor).dataSync()[0]
        ),
    );
  };
  const drawn = sums(0, 400);
  assert(drawn.every((sum) => sum === 1 || sum === 11));
  // The standard deviation of the share is 0.023.
  const share = drawn.filter((sum) => sum === 11).length / 400;
  assertAlmostEquals(share, 0.7, 0.1);
  assertEquals(sums(100, 50), drawn.slice(100, 150));
  tf.tidy(() => {
    const tested = layer.apply([tf.ones([1]), tf.fill([1], 10)]) as tf.Tensor;
    assertAlmostEquals(tested.dataSync()[0], 8, 1e-6);
  });
});

Deno.test("setSteps() makes a model draw as it did after so many steps", () => {
  const input = tf.input({ shape: [4] });
  const output = new StochasticDepthAdd({ survival: 0.5, seed: 1 })
    .apply([input, input]) as tf.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs: output });
  setSteps(model, 17);
  assertEquals(
    model.layers.map((layer) => (layer as StochasticDepthAdd).steps),
    [undefined, 17] as unknown as number[],
  );
});
