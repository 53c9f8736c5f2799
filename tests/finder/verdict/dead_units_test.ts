import { assert, assertEquals, assertMatch } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate, type TensorPair } from "@clr/clr";
import { selectBackend } from "@clr/clr/backends";
import { instantiate } from "../../../bench/finder/zoo/problem.ts";
import { Laboratory } from "../../../bench/finder/zoo/train.ts";
import { ZOO } from "../../../bench/finder/zoo/zoo.ts";
import { seededRandom, shuffle } from "../../../src/runtime/random.ts";

await selectBackend({ backend: "wasm", threads: 1 });

/** Pictures through a narrow code, whose units high rates kill. */
function pictures(seed: number): Laboratory {
  const { problem } = ZOO.find(({ problem }) =>
    problem.name === "pictures through a narrow code and back"
  )!;
  return new Laboratory(instantiate(problem, "adam", seed));
}

/** What always predicting each pixel's mean comes to, in doubles. */
function entropyOf(pixels: tf.Tensor): number {
  const [pictures, ...shape] = pixels.shape;
  const size = shape.reduce((product, length) => product * length, 1);
  const values = pixels.dataSync();
  let total = 0;
  for (let k = 0; k < size; k++) {
    let p = 0;
    for (let i = 0; i < pictures; i++) p += values[i * size + k] / pictures;
    for (const q of [p, 1 - p]) if (q > 0) total -= q * Math.log(q);
  }
  return total / size;
}

Deno.test("findLearningRate() takes what a bold rate kills for no want of a signal", async () => {
  for (const seed of [1, 2]) {
    using laboratory = pictures(seed);
    const { trainee, train, batchSize } = laboratory.instance;
    const range = await findLearningRate(trainee, train, { batchSize, seed });
    assertEquals(range.verdict, "good", range.advice);
    const constant = entropyOf(train.xs as tf.Tensor);
    const bold = Math.max(
      ...range.trials!.map(({ learningRate }) => learningRate),
    );
    const reach = async (rate: number) =>
      (await laboratory.train(() => rate)).loss;
    assert(await reach(bold) > 0.95 * constant, `${bold}`);
    assert(await reach(bold / 10) < 0.7 * constant, `${bold / 10}`);
  }
});

Deno.test("findLearningRate() says no-signal of the same network where its targets are other pictures", async () => {
  for (const seed of [1, 2]) {
    using laboratory = pictures(seed);
    const { trainee, train, batchSize } = laboratory.instance;
    const xs = train.xs as tf.Tensor;
    const rows = Int32Array.from({ length: xs.shape[0] }, (_, i) => i);
    shuffle(rows, seededRandom(seed));
    const indices = tf.tensor1d(rows, "int32");
    const mixed: TensorPair = { xs, ys: tf.gather(xs, indices) };
    const range = await findLearningRate(trainee, mixed, { batchSize, seed });
    assertEquals(range.verdict, "no-signal", range.advice);
    assertMatch(range.advice, /on batches held out/);
    const { learningRate } = range.trials!.find(({ unseen }) => unseen)!;
    assert(learningRate <= range.maxLr!, `${learningRate} ${range.maxLr}`);
    tf.dispose([indices, mixed.ys as tf.Tensor]);
  }
});

Deno.test("findLearningRate() says no-signal of no sweep that trained on few batches where the loss takes hold", async () => {
  using laboratory = pictures(1);
  const { trainee, train, batchSize } = laboratory.instance;
  const range = await findLearningRate(trainee, train, {
    batchSize,
    seed: 1,
    iterations: 60,
  });
  assertEquals(range.finding.kind, "baseline-not-passed", range.advice);
  assertMatch(range.advice, /raise iterations, to 120/);
});
