import * as tf from "@tensorflow/tfjs";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { CyclicLR, findLearningRate, setLearningRate } from "@clr/clr";
import {
  AdamW,
  type AdamWOptions,
  getMomentum,
  layerRates,
  loadCheckpoint,
  type Optimizer,
  saveCheckpoint,
  setMomentum,
  SGDW,
} from "@clr/clr/training";
import { PYTHON, runPython } from "../../_python.ts";

const START = [0.5, -1, 2, 0.001];
const TARGET = [1, 1, -3, 0];
const RATES = Array.from({ length: 50 }, (_, t) => 0.0005 * (1 + t % 7));

/** The weights after each step on Σ k (w_k − target_k)², k from 1. */
function steps(optimizer: Optimizer, decayed = "w"): number[][] {
  const w = tf.variable(tf.tensor1d(START), true, `${decayed}_${nextName++}`);
  const slopes = tf.range(1, START.length + 1);
  const result = RATES.map((rate) => {
    setLearningRate(optimizer, rate);
    optimizer.minimize(() =>
      w.sub(TARGET).square().mul(slopes).sum().asScalar()
    );
    return [...w.dataSync()];
  });
  tf.dispose([w, slopes]);
  optimizer.dispose();
  return result;
}
let nextName = 0;

function largestDifference(a: number[][], b: number[][]): number {
  return Math.max(
    ...a.flatMap((row, t) => row.map((value, i) => Math.abs(value - b[t][i]))),
  );
}

Deno.test({
  name: "AdamW and SGDW take PyTorch's steps to 1e-6, 50 of them",
  ignore: PYTHON === undefined,
  async fn() {
    const cases: {
      optimizer: () => Optimizer;
      torch: string;
      kwargs: Record<string, unknown>;
      decay: number;
    }[] = [
      ...[0, 0.01, 1].map((decay) => ({
        optimizer: () => new AdamW(1, { weightDecay: decay }),
        torch: "AdamW",
        kwargs: {},
        decay,
      })),
      {
        optimizer: () =>
          new AdamW(1, {
            weightDecay: 0.3,
            beta1: 0.8,
            beta2: 0.95,
            epsilon: 1e-3,
          }),
        torch: "AdamW",
        kwargs: { betas: [0.8, 0.95], eps: 1e-3 },
        decay: 0.3,
      },
      ...[false, true].map((nesterov) => ({
        optimizer: () =>
          new SGDW(1, {
            weightDecay: 0.5,
            momentum: 0.8,
            useNesterov: nesterov,
          }),
        torch: "SGD",
        kwargs: { momentum: 0.8, nesterov },
        decay: 0.5,
      })),
    ];
    const expected = await runPython<number[][][]>(
      new URL("_weight_decay_pytorch.py", import.meta.url),
      cases.map(({ torch, kwargs, decay }) => ({
        optimizer: torch,
        kwargs,
        decay,
        start: START,
        target: TARGET,
        rates: RATES,
      })),
    );
    cases.forEach(({ optimizer, torch, decay }, i) => {
      const difference = largestDifference(steps(optimizer()), expected[i]);
      assert(difference < 1e-6, `${torch} ${decay}: ${difference}`);
    });
  },
});

Deno.test("AdamW without decay is tfjs's own Adam, and with it differs by the decay alone", () => {
  const adam = () => tf.train.adam(1, 0.9, 0.999, 1e-8);
  assertEquals(steps(new AdamW(1, { weightDecay: 0 })), steps(adam()));
  const excluded = new AdamW(1, { weightDecay: 0.5, exclude: ["frozen*"] });
  assertEquals(steps(excluded, "frozen"), steps(adam()));
  const decayed = new AdamW(1, { weightDecay: 0.5, exclude: ["other*"] });
  assert(largestDifference(steps(decayed), steps(adam())) > 0.001);
});

function createModel(optimizer: Optimizer) {
  const initializer = tf.initializers.constant({ value: 0.5 });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 2,
        inputShape: [2],
        kernelInitializer: initializer,
        biasInitializer: initializer,
      }),
    ],
  });
  model.compile({ optimizer, loss: "meanSquaredError" });
  return model;
}

const xs = tf.tensor2d([[1, 2], [3, 4], [-1, 0], [0, 1]]);

async function trained(
  optimizer: Optimizer,
  epochs = 3,
): Promise<number[][]> {
  const model = createModel(optimizer);
  await model.fit(xs, xs, {
    epochs,
    batchSize: 2,
    shuffle: false,
    verbose: 0,
  });
  return model.getWeights().map((weight) => [...weight.dataSync()]);
}

Deno.test("AdamW leaves out of the decay what `exclude` names, in a model of layers", async () => {
  const [kernel, bias] = await trained(
    new AdamW(0.1, { weightDecay: 1, exclude: ["*bias"] }),
    1,
  );
  const [allKernel, allBias] = await trained(
    new AdamW(0.1, { weightDecay: 1 }),
    1,
  );
  const [plainKernel] = await trained(tf.train.adam(0.1), 1);
  assert(kernel.some((value, i) => value !== plainKernel[i]));
  assert(bias.some((value, i) => value !== allBias[i]));
  assertEquals(kernel.length, allKernel.length);
});

Deno.test("AdamW's weightDecay can be set between steps, and its momentum cycled", () => {
  const optimizer = new AdamW(0.1, { weightDecay: 0 });
  const w = tf.variable(tf.scalar(4));
  const step = () => optimizer.minimize(() => w.mul(0).asScalar());
  step();
  assertEquals(w.dataSync()[0], 4);
  optimizer.weightDecay = 2.5;
  step();
  assertEquals(w.dataSync()[0], 3);
  setMomentum(optimizer, 0.8);
  assertEquals(getMomentum(optimizer), 0.8);
});

for (
  const [name, create] of [
    ["AdamW", () => new AdamW(0.05, { weightDecay: 0.4, exclude: ["*bias"] })],
    ["SGDW", () => new SGDW(0.05, { weightDecay: 0.4, exclude: ["*bias"] })],
  ] as [string, () => AdamW | SGDW][]
) {
  Deno.test(`${name} resumes from a checkpoint bit for bit, its decay included`, async () => {
    const folder = await Deno.makeTempDir();
    const options = { epochs: 2, batchSize: 2, shuffle: false, verbose: 0 };
    const through = createModel(create());
    await through.fit(xs, xs, options);
    await saveCheckpoint(folder, { model: through });
    await through.fit(xs, xs, options);

    const other = new AdamW(1, { weightDecay: 0 });
    const resumed = createModel(
      name === "AdamW" ? other : new SGDW(1, { weightDecay: 0 }),
    );
    const checkpoint = await loadCheckpoint(folder);
    checkpoint!.restore({ model: resumed });
    await resumed.fit(xs, xs, options);
    assertEquals(
      resumed.getWeights().map((weight) => [...weight.dataSync()]),
      through.getWeights().map((weight) => [...weight.dataSync()]),
    );
    await Deno.remove(folder, { recursive: true });
  });

  Deno.test(`The range test leaves no trace with ${name}`, async () => {
    const plain = await trained(create());
    const model = createModel(create());
    await findLearningRate(model, { xs, ys: xs }, {
      batchSize: 2,
      iterations: 20,
    });
    await model.fit(xs, xs, {
      epochs: 3,
      batchSize: 2,
      shuffle: false,
      verbose: 0,
    });
    assertEquals(
      model.getWeights().map((weight) => [...weight.dataSync()]),
      plain,
    );
  });

  Deno.test(`${name} leaves no tensor behind`, async () => {
    const before = tf.memory().numTensors;
    const optimizer = create();
    const model = createModel(optimizer);
    const clr = new CyclicLR({ baseLr: 0.01, maxLr: 0.1, stepSize: 2 });
    await model.fit(xs, xs, { verbose: 0, callbacks: [clr] });
    const during = tf.memory().numTensors;
    await model.fit(xs, xs, { epochs: 5, verbose: 0, callbacks: [clr] });
    assertEquals(tf.memory().numTensors, during);
    model.dispose();
    optimizer.dispose();
    assertEquals(tf.memory().numTensors, before);
  });

  Deno.test(`${name} is restored by tfjs from its own configuration`, () => {
    const config = create().getConfig();
    const cls = tf.serialization.SerializationMap.getMap()
      .classNameMap[name] as unknown as [
        unknown,
        (cls: unknown, config: unknown) => AdamW,
      ];
    const [constructor, fromConfig] = cls;
    const again = fromConfig(constructor, config);
    assertEquals(again.getConfig(), config);
    assertEquals(again.weightDecay, 0.4);
    assertEquals(again.exclude, ["*bias"]);
  });
}

Deno.test("Layer rates hold for AdamW's decay as for its step", () => {
  const model = createModel(new AdamW(0.05, { weightDecay: 1 }));
  using _rates = layerRates(model, { "*bias": 0 });
  const bias = [...model.getWeights()[1].dataSync()];
  model.trainOnBatch(xs, xs);
  assertEquals([...model.getWeights()[1].dataSync()], bias);
});

Deno.test("AdamW and SGDW refuse what is no decay and no names", () => {
  for (const weightDecay of [-0.1, NaN, Infinity]) {
    assertThrows(
      () => new AdamW(0.1, { weightDecay }),
      RangeError,
      "weightDecay must be finite and >= 0",
    );
    assertThrows(() => new SGDW(0.1, { weightDecay }), RangeError);
  }
  const exclude = "bias" as unknown as AdamWOptions["exclude"];
  assertThrows(
    () => new AdamW(0.1, { exclude }),
    TypeError,
    "exclude must be an array of names",
  );
});

Deno.test("AdamW and SGDW are saved with their model by tfjs, and go on as they were", async () => {
  const exclude = ["*bias", "Last_layer*", "a/kernel", "*in_camelCase"];
  for (
    const create of [
      () => new AdamW(0.05, { weightDecay: 0.4, exclude, beta1: 0.8 }),
      () => new SGDW(0.05, { weightDecay: 0.4, exclude, useNesterov: true }),
    ]
  ) {
    const model = createModel(create());
    await model.fit(xs, xs, { epochs: 2, verbose: 0 });
    let artifacts!: tf.io.ModelArtifacts;
    await model.save(
      tf.io.withSaveHandler((given) => {
        artifacts = given;
        return Promise.resolve({
          modelArtifactsInfo: {
            dateSaved: new Date(0),
            modelTopologyType: "JSON",
          },
        });
      }),
      { includeOptimizer: true },
    );
    // As a file would.
    const { weightData, ...json } = artifacts;
    const loaded = await tf.loadLayersModel(
      tf.io.fromMemory({ ...JSON.parse(JSON.stringify(json)), weightData }),
    );
    const optimizer = loaded.optimizer as AdamW;
    assertEquals(optimizer.getConfig(), model.optimizer.getConfig());
    assertEquals(optimizer.exclude, exclude);
    assertEquals(`${optimizer}`, `${model.optimizer}`);
    await model.fit(xs, xs, { epochs: 2, verbose: 0 });
    await loaded.fit(xs, xs, { epochs: 2, verbose: 0 });
    // tfjs computes Adam's powers of beta anew, which may round otherwise.
    const [there, here] = [loaded, model].map((model) =>
      model.getWeights().flatMap((weight) => [...weight.dataSync()])
    );
    there.forEach((value, i) => assertAlmostEquals(value, here[i], 1e-5));
  }
});

Deno.test("AdamW takes a configuration of Keras, and of names by themselves", () => {
  const read = (config: unknown) =>
    AdamW.fromConfig(AdamW, config as never).getConfig();
  const config = { learningRate: 0.5, beta1: 0.75, weightDecay: 0.25 };
  assertEquals(
    read({ ...config, name: "AdamW", amsgrad: false, exclude: ["*bias"] }),
    new AdamW(0.5, { beta1: 0.75, weightDecay: 0.25, exclude: ["*bias"] })
      .getConfig(),
  );
});

Deno.test("AdamW leaves out of the decay a weight whose name another model has had", async () => {
  for (let model = 0; model < 3; model++) {
    const optimizer = new AdamW(0.1, { weightDecay: 0.5, exclude: ["*bias"] });
    const dense = tf.layers.dense({
      name: "named_1",
      units: 1,
      inputShape: [1],
      kernelInitializer: "ones",
      biasInitializer: "ones",
    });
    const network = tf.sequential({ layers: [dense] });
    const loss = (_: tf.Tensor, given: tf.Tensor) => given.mul(0).sum();
    network.compile({ optimizer, loss });
    await network.fit(tf.ones([1, 1]), tf.ones([1, 1]), { verbose: 0 });
    const [kernel, bias] = network.getWeights().map((w) => w.dataSync()[0]);
    assertAlmostEquals(kernel, 0.95, 1e-6);
    assertEquals(bias, 1);
  }
  // Nobody appends to the name of a variable of one's own.
  const own = tf.variable(tf.scalar(1), true, "own_bias_2");
  new AdamW(0.1, { weightDecay: 0.5, exclude: ["*bias"] })
    .minimize(() => own.mul(0).asScalar());
  assertAlmostEquals(own.dataSync()[0], 0.95, 1e-6);
});
