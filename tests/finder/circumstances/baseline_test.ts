import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate } from "@clr/clr";
import type { FindLearningRateOptions, TensorPair } from "@clr/clr";
import { baselineLoss } from "../../../src/finder/circumstances/baseline.ts";
import {
  borrowMathRandom,
  type Random,
  seededRandom,
} from "../../../src/runtime/random.ts";
import { outputLosses } from "../../../src/tfjs/output_losses.ts";
import { normal } from "../_normal.ts";

await tf.setBackend("cpu");

type Loss = Parameters<tf.LayersModel["compile"]>[0]["loss"];

function shuffled<T>(values: readonly T[], random: Random): T[] {
  return values.map((value) => [random(), value] as const)
    .sort(([a], [b]) => a - b).map(([, value]) => value);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A network of one hidden layer with so many outputs of each activation. */
function network(
  outputs: readonly (readonly [units: number, activation: string])[],
  options: { seed?: number; penalty?: number; inputs?: number } = {},
): tf.LayersModel {
  const { seed = 1, penalty, inputs = 4 } = options;
  const initial = (k: number) =>
    tf.initializers.glorotUniform({ seed: 10 * seed + k });
  const input = tf.input({ shape: [inputs] });
  const hidden = tf.layers.dense({
    units: 16,
    activation: "relu",
    kernelInitializer: initial(1),
    ...(penalty === undefined
      ? {}
      : { kernelRegularizer: tf.regularizers.l1({ l1: penalty }) }),
  }).apply(input) as tf.SymbolicTensor;
  return tf.model({
    inputs: input,
    outputs: outputs.map(([units, activation], i) =>
      tf.layers.dense({
        units,
        activation: activation as "linear",
        kernelInitializer: initial(i + 2),
      }).apply(hidden) as tf.SymbolicTensor
    ),
  });
}

function baseline(model: tf.LayersModel, loss: Loss, ys: TensorPair["ys"]) {
  model.compile({ optimizer: "sgd", loss });
  return baselineLoss(outputLosses(model), [ys]);
}

Deno.test("baselineLoss() is the loss of the best constant, of any loss of which that says something", async () => {
  const random = seededRandom(1);
  const values = Array.from({ length: 101 }, () => normal(random) ** 2);
  const level = mean(values);
  const middle = values.toSorted((a, b) => a - b)[50];
  const column = tf.tensor2d(values.map((value) => [value]));
  const kinds = values.map((_, i) => i % 7 === 0 ? 2 : i % 2);
  const shares = [0, 1, 2].map((k) =>
    kinds.filter((kind) => kind === k).length / kinds.length
  );
  const entropy = -shares.reduce((sum, p) => sum + p * Math.log(p), 0);
  const oneHot = tf.oneHot(tf.tensor1d(kinds, "int32"), 3).toFloat();
  const indices = tf.tensor2d(kinds.map((kind) => [kind]));
  const variance = mean(values.map((value) => (value - level) ** 2));
  const one = [[1, "linear"]] as const;
  const three = [[3, "softmax"]] as const;
  for (
    const [outputs, loss, ys, expected] of [
      [one, "meanSquaredError", column, variance],
      [
        one,
        "meanAbsoluteError",
        column,
        mean(values.map((value) => Math.abs(value - middle))),
      ],
      [three, "categoricalCrossentropy", oneHot, entropy],
      [three, "sparseCategoricalCrossentropy", indices, entropy],
      [
        [[3, "linear"]],
        (t: tf.Tensor, p: tf.Tensor) => tf.losses.softmaxCrossEntropy(t, p),
        oneHot,
        entropy,
      ],
      [
        [[1, "linear"], [3, "softmax"]],
        ["meanSquaredError", "categoricalCrossentropy"],
        [column, oneHot],
        variance + entropy,
      ],
      [
        one,
        "poisson",
        column,
        level - level * Math.log(level),
      ],
      // Nothing is to be said of these.
      [three, "meanSquaredError", indices, undefined],
    ] as const
  ) {
    const found = await baseline(
      network(outputs),
      loss as Loss,
      ys as TensorPair["ys"],
    );
    if (expected === undefined) assertEquals(found, undefined);
    else assertAlmostEquals(found!.loss, expected, 1e-4);
  }
});

Deno.test("baselineLoss() gives what that constant comes to on other batches", async () => {
  const model = network([[1, "linear"]]);
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const before = tf.memory().numTensors;
  const batches = [[0, 2], [4, 6]].map((values) => tf.tensor2d(values, [2, 1]));
  const others = [[3, 3], [13, 3]].map((values) => tf.tensor2d(values, [2, 1]));
  const found = await baselineLoss(outputLosses(model), batches, { others });
  assertEquals(found, { loss: 5, floor: 0, losses: [0, 50] });
  tf.dispose([batches, others]);
  assertEquals(tf.memory().numTensors, before);
});

/** Inputs, what can be told from them, and the class that one of them shows. */
function examples(count: number, seed: number) {
  const random = seededRandom(seed);
  const kinds = Array.from({ length: count }, (_, i) => i % 3);
  const x = kinds.map((kind) =>
    Array.from({ length: 4 }, (_, k) => normal(random) + (k === kind ? 2 : 0))
  );
  const sums = x.map((row) => [row[0] - row[1] + row[3]]);
  return { random, x, kinds, sums };
}

async function find(
  make: () => {
    model: tf.LayersModel;
    loss: Loss;
    data: TensorPair;
    optimizer?: string;
  },
  options: FindLearningRateOptions = {},
) {
  using _ = borrowMathRandom(seededRandom(5));
  tf.engine().startScope();
  try {
    const { model, loss, data, optimizer = "adam" } = make();
    model.compile({ optimizer, loss });
    return await findLearningRate(model, data, options);
  } finally {
    tf.engine().endScope();
  }
}

const huber = (t: tf.Tensor, p: tf.Tensor) => tf.losses.huberLoss(t, p);

Deno.test("findLearningRate() never says good where labels are shuffled, whatever the loss", async () => {
  for (const seed of [1, 2]) {
    const { random, x, kinds, sums } = examples(400, seed);
    const xs = () => tf.tensor2d(x);
    const classes = shuffled(kinds, random);
    const values = shuffled(sums, random);
    for (
      const make of [
        () => ({
          model: network([[3, "softmax"]], { seed }),
          loss: "sparseCategoricalCrossentropy",
          data: { xs: xs(), ys: tf.tensor2d(classes.map((kind) => [kind])) },
        }),
        () => ({
          model: network([[1, "linear"]], { seed }),
          loss: "meanAbsoluteError",
          data: { xs: xs(), ys: tf.tensor2d(values) },
        }),
        () => ({
          model: network([[1, "linear"]], { seed }),
          loss: huber,
          data: { xs: xs(), ys: tf.tensor2d(values) },
        }),
        () => ({
          model: network([[3, "softmax"], [1, "linear"]], { seed }),
          loss: ["categoricalCrossentropy", "meanSquaredError"],
          data: {
            xs: xs(),
            ys: [
              tf.oneHot(tf.tensor1d(classes, "int32"), 3).toFloat(),
              tf.tensor2d(values),
            ],
          },
        }),
      ]
    ) {
      const { verdict, advice, cost } = await find(make);
      assert(verdict === "no-signal" || verdict === "too-short", advice);
      assert(cost!.trained <= 500, `${cost!.trained}`);
      assertMatch(advice, /its own label, not a shuffled one/);
    }
  }
});

Deno.test("findLearningRate() says good of the same losses where labels fit", async () => {
  const { x, kinds, sums } = examples(400, 1);
  const xs = () => tf.tensor2d(x);
  for (
    const make of [
      () => ({
        model: network([[3, "softmax"]]),
        loss: "sparseCategoricalCrossentropy",
        data: { xs: xs(), ys: tf.tensor2d(kinds.map((kind) => [kind])) },
      }),
      () => ({
        model: network([[1, "linear"]]),
        loss: "meanAbsoluteError",
        data: { xs: xs(), ys: tf.tensor2d(sums) },
      }),
      () => ({
        model: network([[1, "linear"]]),
        loss: huber,
        data: { xs: xs(), ys: tf.tensor2d(sums) },
      }),
    ]
  ) {
    const { verdict, advice } = await find(make);
    assertEquals(verdict, "good", advice);
  }
});

Deno.test("findLearningRate() says what of each output does not suit its targets", async () => {
  const { x, kinds, sums } = examples(300, 1);
  const xs = () => tf.tensor2d(x);
  const negative = sums.map(([sum]) => [-Math.abs(sum) - 3]);
  for (
    const [make, words] of [
      [() => ({
        model: network([[3, "softmax"]]),
        loss: "sparseCategoricalCrossentropy",
        data: { xs: xs(), ys: tf.tensor2d(kinds.map((kind) => [kind + 1])) },
      }), /3 outputs and the class indices are 1 to 3/],
      [() => ({
        model: network([[1, "relu"]]),
        loss: "meanSquaredError",
        data: { xs: xs(), ys: tf.tensor2d(negative) },
      }), /relu gives 0 or more .*linear last activation/],
      [() => ({
        model: network([[3, "softmax"], [1, "sigmoid"]]),
        loss: ["categoricalCrossentropy", "meanSquaredError"],
        data: {
          xs: xs(),
          ys: [
            tf.oneHot(tf.tensor1d(kinds, "int32"), 3).toFloat(),
            tf.tensor2d(sums.map(([sum]) => [20 + sum])),
          ],
        },
      }), /as of "\S+" sigmoid gives 0 to 1/],
      [() => ({
        model: network([[1, "tanh"]]),
        loss: "squaredHinge",
        data: { xs: xs(), ys: tf.tensor2d(kinds.map((kind) => [kind % 2])) },
      }), /takes targets of -1 and 1 and these are 0 to 1/],
      [() => ({
        model: network([[1, "linear"]]),
        loss: "poisson",
        data: { xs: xs(), ys: tf.tensor2d(kinds.map((kind) => [kind])) },
      }), /logarithm of the outputs, which are linear: use a softplus/],
    ] as const
  ) {
    const { verdict, advice } = await find(make);
    assertEquals(verdict, "mismatch", advice);
    assertMatch(advice, words);
  }
  // Noise around 0 is no reason to change the outputs.
  const noisy = sums.map(([sum], i) => [Math.abs(sum) - (i % 9 ? 0 : 0.3)]);
  const fine = await find(() => ({
    model: network([[1, "softplus"]]),
    loss: "meanSquaredError",
    data: { xs: xs(), ys: tf.tensor2d(noisy) },
  }));
  assertEquals(fine.verdict, "good", fine.advice);
});

Deno.test("findLearningRate() blames the size of inputs or targets, or penalties, before labels", async () => {
  const { x, sums } = examples(400, 2);
  const make = (
    { offset = 0, size = 1, penalty }: {
      offset?: number;
      size?: number;
      penalty?: number;
    },
  ) =>
  () => ({
    model: network([[1, "linear"]], penalty === undefined ? {} : { penalty }),
    loss: "meanSquaredError",
    optimizer: penalty === undefined ? "sgd" : "adam",
    data: {
      // As years are, or degrees in Kelvin.
      xs: tf.tensor2d(x).add(offset),
      ys: tf.tensor2d(sums).mul(size),
    },
  });
  const small = await find(make({ size: 1e-6 }));
  assert(small.verdict !== "good", small.advice);
  assertEquals(small.remedies[0].kind, "scale-targets", small.advice);
  const large = await find(make({ offset: 1000 }));
  assert(large.verdict !== "good", large.advice);
  assertEquals(large.remedies[0].kind, "scale-inputs", large.advice);
  const penalized = await find(make({ penalty: 100 }));
  assert(penalized.verdict !== "good", penalized.advice);
  assertEquals(penalized.remedies[0].kind, "lower-penalties", penalized.advice);
  const { verdict, advice } = await find(make({}));
  assertEquals(verdict, "good", advice);
});

Deno.test("findLearningRate() blames the size of the first weights, and not where targets differ little", async () => {
  const { x, sums } = examples(400, 2);
  const make = (
    { stddev, spread }: { stddev?: number; spread?: number },
  ) =>
  () => {
    const layer = (units: number, seed: number) => ({
      units,
      kernelInitializer: stddev === undefined
        ? tf.initializers.glorotUniform({ seed })
        : tf.initializers.randomNormal({ stddev, seed }),
    });
    return {
      model: tf.sequential({
        layers: [
          tf.layers.dense({
            ...layer(16, 1),
            activation: "relu",
            inputShape: [x[0].length],
          }),
          tf.layers.dense(layer(1, 2)),
        ],
      }),
      loss: "meanSquaredError" as const,
      data: {
        xs: tf.tensor2d(x),
        ys: spread === undefined
          ? tf.tensor2d(sums)
          : tf.tensor2d(sums).mul(spread).add(1),
      },
    };
  };
  const large = await find(make({ stddev: 100 }));
  assert(large.verdict !== "good", large.advice);
  assertEquals(large.remedies[0].kind, "shrink-weights", large.advice);
  assertMatch(large.advice, /initialize the weights smaller/);
  const narrow = await find(make({ spread: 1e-3 }));
  assertEquals(
    narrow.remedies.filter(({ kind }) => kind === "shrink-weights"),
    [],
    narrow.advice,
  );
});

Deno.test("findLearningRate() accuses no labels where rates or batches were too few, too low or too high", async () => {
  const { x, sums } = examples(400, 3);
  const make = () => ({
    model: network([[1, "linear"]]),
    loss: "meanSquaredError",
    data: { xs: tf.tensor2d(x), ys: tf.tensor2d(sums).add(3) },
  });
  for (
    const [options, kind, words] of [
      [
        { iterations: 10, endLr: 0.3 },
        "still-improving",
        /raise endLr/,
      ],
      [
        { startLr: 1e-8, endLr: 1e-5, iterations: 60 },
        "still-improving",
        /raise endLr, to 0.001/,
      ],
      [{ startLr: 1e-4, endLr: 3e-3 }, "still-improving", /raise endLr/],
      [
        { startLr: 3, endLr: 300 },
        "diverged-before-improving",
        /lower startLr, to 0.03/,
      ],
      [{ maxBatches: 20 }, "batches-spent", /raise maxBatches, to 500/],
      [{ maxBatches: 30 }, "batches-spent", /raise maxBatches, to 500/],
    ] as const
  ) {
    const { finding, advice, ending } = await find(make, options);
    assertEquals(finding.kind, kind, advice);
    const isSpent = ending.endsWith(
      ": the batches that it may train on were spent",
    );
    assertEquals(isSpent, kind === "batches-spent", ending);
    assertMatch(advice, words);
  }
  const { verdict, advice } = await find(make);
  assertEquals(verdict, "good", advice);
});

Deno.test("findLearningRate() calls no weights trained that have half of their loss to lose", async () => {
  const { x, sums } = examples(400, 4);
  const model = network([[1, "linear"]]);
  const data = { xs: tf.tensor2d(x), ys: tf.tensor2d(sums) };
  const optimizer = tf.train.adam(0.01);
  model.compile({ optimizer, loss: "meanSquaredError" });
  {
    using _ = borrowMathRandom(seededRandom(5));
    await model.fit(data.xs, data.ys, { epochs: 2, verbose: 0 });
  }
  const { verdict, advice } = await findLearningRate(model, data);
  assertEquals(verdict, "good", advice);
});

Deno.test("findLearningRate() names validation data whose labels do not fit, or are not finite", async () => {
  const { random, x, sums } = examples(400, 5);
  const other = examples(200, 6);
  const wrong = shuffled(other.sums, random);
  const make = () => ({
    model: network([[1, "linear"]]),
    loss: "meanSquaredError",
    data: { xs: tf.tensor2d(x), ys: tf.tensor2d(sums) },
  });
  const validated = async (ys: readonly number[][]) => {
    const validationData = {
      xs: tf.tensor2d(other.x),
      ys: tf.tensor2d(ys.map((row) => [...row])),
    };
    try {
      return await find(make, { validationData });
    } finally {
      tf.dispose(validationData);
    }
  };
  const fine = await validated(other.sums);
  assertEquals(fine.verdict, "good", fine.advice);
  const misaligned = await validated(wrong);
  assert(misaligned.verdict !== "good", misaligned.advice);
  assertMatch(misaligned.advice, /its own label, not a shuffled one/);
  const broken = await validated(other.sums.with(7, [NaN]));
  assertEquals(broken.verdict, "not-finite");
  assertMatch(broken.advice, /in ys of the example at 7 of validationData/);
});

Deno.test("findLearningRate() blames weights that are not finite, not the data", async () => {
  const { x, sums } = examples(100, 7);
  const range = await find(() => {
    const model = network([[1, "linear"]]);
    const [kernel, ...others] = model.getWeights();
    model.setWeights([tf.fill(kernel.shape, NaN), ...others]);
    return {
      model,
      loss: "meanSquaredError",
      data: { xs: tf.tensor2d(x), ys: tf.tensor2d(sums) },
    };
  });
  assertEquals(range.finding.kind, "weights-not-finite");
  assertMatch(range.advice, /kernel: initialize the weights anew/);
});

Deno.test("findLearningRate() says to shuffle where all targets that it saw are the same, but not all there are", async () => {
  const { x } = examples(800, 8);
  const model = network([[1, "sigmoid"]]);
  model.compile({ optimizer: "adam", loss: "binaryCrossentropy" });
  const batches = (positives: number) =>
    function* () {
      for (let at = 0; at < 800; at += 8) {
        const rows = Array.from({ length: 8 }, (_, i) => at + i);
        yield {
          xs: tf.tensor2d(rows.map((row) => x[row])),
          ys: tf.tensor2d(rows.map((row) => [row < positives ? 1 : 0])),
        };
      }
    };
  for (const positives of [400, 800]) {
    const range = await findLearningRate(model, batches(positives));
    assertEquals(range.finding.kind, "targets-constant", range.advice);
    assertMatch(range.advice, /in the first 40 batches: shuffle .* check that/);
  }
  model.dispose();
});
