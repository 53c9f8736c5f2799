/** What of a short training shows that it learned its examples by heart. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate } from "@clr/clr";
import { learnedByHeart } from "../../../src/finder/verdict/by_heart.ts";
import type { RangeTrial } from "../../../src/finder/result/range_data.ts";
import {
  borrowMathRandom,
  type Random,
  seededRandom,
} from "../../../src/runtime/random.ts";
import { normal } from "../_normal.ts";

await tf.setBackend("cpu");

const BATCHES = 40;
const PASS = 12;

/** What is found of a training whose loss, beside a baseline of 1, is so. */
function found(
  loss: (batch: number) => number,
  { trial = {}, buffer = 384, pass = PASS }: {
    readonly trial?: Partial<RangeTrial>;
    readonly buffer?: number;
    readonly pass?: number;
  } = {},
) {
  const random = seededRandom(4);
  const losses = Array.from(
    { length: BATCHES },
    (_, i) => loss(i) + 0.02 * normal(random),
  );
  return learnedByHeart(
    [{ learningRate: 0.01, gained: 1, losses, ...trial }],
    {
      maxLr: 0.02,
      circumstances: {
        isShuffled: true,
        sameTargets: false,
        sameInputs: false,
        baseline: {
          loss: 1,
          floor: 0,
          trialBaselines: new Array<number>(BATCHES).fill(1),
        },
        pass,
        buffer,
      },
    },
  );
}

/** Nothing at first sight, and more with every pass. */
const byHeart = (batch: number) => 0.45 ** Math.floor(batch / PASS);

Deno.test("learnedByHeart() finds a loss that falls where examples come again, and not before", () => {
  const { first, again, expected } = found(byHeart)!;
  assertEquals(expected, 1);
  assert(Math.abs(first - 1) < 0.05 && again < 0.3, `${first} ${again}`);
});

Deno.test("learnedByHeart() finds none where losses fall within the first pass as well", () => {
  for (
    const learned of [
      // From a good start, from a bad one, and late.
      (i: number) => Math.exp(-i / 10),
      (i: number) => 3 * Math.exp(-i / 8),
      (i: number) => 1 / (1 + Math.exp((i - PASS) / 2)),
      () => 1,
    ]
  ) assertEquals(found(learned), undefined);
});

Deno.test("learnedByHeart() finds none where too little is known", () => {
  assertEquals(found(byHeart, { buffer: 60 }), undefined);
  assertEquals(found(byHeart, { pass: 2 }), undefined);
  assertEquals(found(byHeart, { pass: 30 }), undefined);
  for (
    const trial of [
      { learningRate: 0.03 },
      { penalty: 0.1 },
      { unseen: [1, 1] },
    ]
  ) assertEquals(found(byHeart, { trial }), undefined);
});

/** A test of texts of many words, and of what their label depends on. */
function find(label: (words: readonly number[], random: Random) => number) {
  using _ = borrowMathRandom(seededRandom(2));
  const random = seededRandom(1);
  const rows = Array.from({ length: 224 }, () => {
    const x = Array.from({ length: 1500 }, () => random() < 0.03 ? 1 : 0);
    return { x, y: label(x, random) };
  });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 16, activation: "relu", inputShape: [1500] }),
      tf.layers.dense({ units: 1, activation: "sigmoid" }),
    ],
  });
  model.compile({ optimizer: "adam", loss: "binaryCrossentropy" });
  return findLearningRate(model, {
    xs: tf.tensor2d(rows.map(({ x }) => x)),
    ys: tf.tensor2d(rows.map(({ y }) => [y])),
  });
}

Deno.test("findLearningRate() says to watch validation data where rows are learned by heart", async () => {
  const range = await find((_, random) => random() < 0.5 ? 0 : 1);
  assertEquals(range.verdict, "good", range.advice);
  assertEquals(range.remedies.map(({ kind }) => kind), [
    "train",
    "watch-validation",
  ]);
  assertStringIncludes(range.summary, "watch the loss of validation data");
});
