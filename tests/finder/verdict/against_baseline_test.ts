/** What is said of a loss beside that of always predicting the same. */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate, type FindLearningRateOptions } from "@clr/clr";
import { againstBaseline } from "../../../src/finder/verdict/against_baseline.ts";
import { baselineLoss } from "../../../src/finder/circumstances/baseline.ts";
import type { RangeTrial } from "../../../src/finder/result/range_data.ts";
import {
  borrowMathRandom,
  type Random,
  seededRandom,
} from "../../../src/runtime/random.ts";
import { outputLosses } from "../../../src/tfjs/output_losses.ts";
import { normal } from "../_normal.ts";

await tf.setBackend("cpu");

function network(
  outputs: number,
  { activation, loss, metrics = [] }: {
    readonly activation: string;
    readonly loss: string;
    readonly metrics?: string[];
  },
): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 16,
        activation: "relu",
        inputShape: [4],
        kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
      }),
      tf.layers.dense({
        units: outputs,
        activation: activation as "linear",
        kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }),
      }),
    ],
  });
  model.compile({ optimizer: "adam", loss, metrics });
  return model;
}

/** Inputs that say nothing of targets, but for `signal`. */
function examples(
  count: number,
  target: (i: number, random: Random) => number[],
  { seed, signal = 0 }: { seed: number; signal?: number },
) {
  const random = seededRandom(seed);
  const ys = Array.from({ length: count }, (_, i) => target(i, random));
  return {
    xs: tf.tensor2d(
      ys.map(([y]) =>
        Array.from(
          { length: 4 },
          (_, k) => normal(random) + (k ? 0 : signal * y),
        )
      ),
    ),
    ys: tf.tensor2d(ys),
  };
}

function find(
  model: tf.LayersModel,
  data: ReturnType<typeof examples>,
  options: FindLearningRateOptions = {},
) {
  using _ = borrowMathRandom(seededRandom(1));
  return findLearningRate(model, data, options);
}

/** One in ten of the second class. */
const rare = (i: number) => i % 10 === 0 ? [0, 1] : [1, 0];

Deno.test("baselineLoss() weighs classes as a model's loss does, and knows what misses nothing", async () => {
  const ys = tf.tensor2d(Array.from({ length: 100 }, (_, i) => rare(i)));
  const model = network(2, {
    activation: "softmax",
    loss: "categoricalCrossentropy",
  });
  const weighed = await baselineLoss(outputLosses(model), [ys], {
    classWeights: [{ 0: 1, 1: 3 }],
  });
  // Of 120 weights in 100 examples, 30 are of the second class.
  const entropy = -(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25));
  assertAlmostEquals(weighed!.loss, 1.2 * entropy, 1e-4);
  const counts = tf.tensor2d([[1], [2], [6]]);
  const poisson = await baselineLoss(
    outputLosses(network(1, { activation: "softplus", loss: "poisson" })),
    [counts],
  );
  assertAlmostEquals(poisson!.loss, 3 - 3 * Math.log(3), 1e-4);
  const logs = (1 * Math.log(1) + 2 * Math.log(2) + 6 * Math.log(6)) / 3;
  assertAlmostEquals(poisson!.floor, 3 - logs, 1e-4);
});

for (
  const [what, make] of [
    ["of weighted classes", (seed) => [
      network(2, { activation: "softmax", loss: "categoricalCrossentropy" }),
      examples(1000, rare, { seed }),
      { classWeight: { 0: 1, 1: 3 } },
    ]],
    ["of counts, with poisson", (seed) => [
      network(1, { activation: "softplus", loss: "poisson" }),
      examples(600, (_, random) => [Math.floor(5 * random())], { seed }),
      {},
    ]],
    ["of percentages", (seed) => [
      network(1, { activation: "linear", loss: "meanAbsolutePercentageError" }),
      examples(600, (_, random) => [1 + random()], { seed }),
      {},
    ]],
    ["of which one in a thousand differs", (seed) => [
      network(1, { activation: "sigmoid", loss: "binaryCrossentropy" }),
      examples(10_000, (i) => [i % 1000 === 7 ? 1 : 0], { seed }),
      {},
    ]],
    ["read from the accuracy", (seed) => [
      network(2, {
        activation: "softmax",
        loss: "categoricalCrossentropy",
        metrics: ["accuracy"],
      }),
      examples(1000, rare, { seed }),
      { metric: "acc" },
    ]],
  ] as [
    string,
    (
      seed: number,
    ) => [
      tf.LayersModel,
      ReturnType<typeof examples>,
      FindLearningRateOptions,
    ],
  ][]
) {
  Deno.test(`findLearningRate() never says good of labels that fit no inputs, ${what}`, async () => {
    for (const seed of [1, 2]) {
      const range = await find(...make(seed));
      assert(range.verdict !== "good", `${seed}: ${range.advice}`);
    }
  });
}

Deno.test("findLearningRate() says good of weighted classes, counts and the accuracy where labels fit", async () => {
  const weighed = await find(
    network(2, { activation: "softmax", loss: "categoricalCrossentropy" }),
    examples(1000, rare, { seed: 1, signal: 4 }),
    { classWeight: { 0: 1, 1: 3 } },
  );
  assertEquals(weighed.verdict, "good", weighed.advice);
  const counts = await find(
    network(1, { activation: "softplus", loss: "poisson" }),
    examples(600, (_, random) => [Math.floor(5 * random())], {
      seed: 1,
      signal: 2,
    }),
  );
  assertEquals(counts.verdict, "good", counts.advice);
  const half = (i: number) => i % 2 === 0 ? [0, 1] : [1, 0];
  const accurate = await find(
    network(2, {
      activation: "softmax",
      loss: "categoricalCrossentropy",
      metrics: ["accuracy"],
    }),
    examples(1000, half, { seed: 1, signal: 2 }),
    { metric: "acc" },
  );
  assertEquals(accurate.verdict, "good", accurate.advice);
  // The accuracy itself does not fall before the loss stops the test.
  assertMatch(accurate.summary, /training had diverged by/);
});

Deno.test("findLearningRate() says trained of a network that is, whichever curve is read", async () => {
  const half = (i: number) => i % 2 === 0 ? [0, 1] : [1, 0];
  const model = network(2, {
    activation: "softmax",
    loss: "categoricalCrossentropy",
    metrics: ["accuracy"],
  });
  const data = examples(400, half, { seed: 1, signal: 2 });
  await model.fit(data.xs, data.ys, { epochs: 40, batchSize: 32, verbose: 0 });
  const range = await find(model, data, { metric: "acc" });
  assertEquals(range.verdict, "trained", range.advice);
  // No rate was too high for it here.
  const low = await find(model, data, { iterations: 40, endLr: 1e-4 });
  assertEquals(low.verdict, "trained", low.advice);
  assertEquals(low.remedies, [{ kind: "initialize" }]);
});

Deno.test("findLearningRate() calls no network trained for the luck of single examples", async () => {
  const target = (_: number, random: Random) => [normal(random)];
  for (const seed of [1, 2, 3]) {
    const range = await find(
      network(1, { activation: "linear", loss: "meanSquaredError" }),
      examples(300, target, { seed, signal: 2 }),
      { batchSize: 1 },
    );
    assert(range.verdict !== "trained", `${seed}: ${range.advice}`);
  }
});

/** The finding beside a baseline of 1, after a long training at one rate. */
function afterLong(
  trial: { losses: readonly number[] } & Partial<RangeTrial>,
): string | undefined {
  const point = { index: 10, learningRate: 0.001, value: 1, slope: 0 };
  return againstBaseline({ loss: 1, floor: 0 }, {
    evidence: {
      curve: "loss",
      better: "lower",
      start: 1.2,
      best: 1,
      noise: 0.1,
      clarity: 9,
      baseClarity: 5,
      base: point,
    },
    finding: { kind: "both-bounds", tested: 40, points: 40 },
    maxLr: 0.01,
  }, {
    circumstances: {
      isShuffled: true,
      sameTargets: false,
      sameInputs: false,
    },
    trials: [{ learningRate: 0.01, gained: 1, ...trial }],
    losses: new Array<number>(40).fill(1.1),
  })?.kind;
}

Deno.test("againstBaseline() believes what batches show that are met for the first time, however little", () => {
  const random = seededRandom(3);
  const list = (count: number, level: number, spread: number) =>
    Array.from({ length: count }, () => level + spread * normal(random));
  const baselines = list(8, 1, 0.05);
  const firstBaselines = list(100, 1, 0.05);
  // Two in a hundred below what each batch's own baseline is.
  const better = (values: readonly number[], by: number) =>
    values.map((value) => value - by + 0.03 * normal(random));
  const trial = (by: number, first = firstBaselines) => ({
    losses: better(firstBaselines, by),
    unseen: better(baselines, by),
    baselines,
    firstBaselines: first,
  });
  assertEquals(afterLong(trial(0.02)), undefined);
  assert(afterLong(trial(0)) !== undefined);
  assert(afterLong(trial(-0.05)) !== undefined);
  // What came round before may have been learned by heart.
  assert(afterLong(trial(0.02, firstBaselines.slice(0, 10))) !== undefined);
  // Nor is it known what the penalties were by then.
  assert(afterLong({ ...trial(0.02), penalty: 1e-9 }) !== undefined);
});

Deno.test("againstBaseline() takes the lowest of many noisy points for no improvement of a network that is trained", () => {
  const found = (noise: number) =>
    againstBaseline({ loss: 1.39, floor: 0 }, {
      evidence: {
        curve: "loss",
        better: "lower",
        start: 0.034,
        best: 0.015,
        noise,
        clarity: 5.2,
        baseClarity: 3,
        base: { index: 30, learningRate: 0.1, value: 0.03, slope: 0 },
      },
      finding: { kind: "both-bounds", tested: 60, points: 60 },
      maxLr: 0.3,
    }, {
      circumstances: {
        isShuffled: true,
        sameTargets: false,
        sameInputs: false,
      },
      trials: [],
      losses: new Array<number>(60).fill(0.034),
    })?.kind;
  assertEquals(found(0.0075), "optimum-already");
  assertEquals(found(0.0001), undefined);
});
