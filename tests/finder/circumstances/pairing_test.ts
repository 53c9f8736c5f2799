/** What a loop of one's own learns from its pairs of inputs and targets. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate, type TensorPair } from "@clr/clr";
import {
  differ,
  mispair,
  replace,
  withChanged,
} from "../../../src/finder/data/changed_pairs.ts";
import { batchSource } from "../../../src/finder/data/batches.ts";
import {
  areAlike,
  compareRowPairings,
  notLearnedFrom,
} from "../../../src/finder/circumstances/pairing.ts";
import {
  borrowMathRandom,
  type Random,
  seededRandom,
} from "../../../src/runtime/random.ts";
import { normal } from "../_normal.ts";

await tf.setBackend("cpu");

Deno.test("withChanged() gives each example its neighbour's target, and frees the others", async () => {
  const before = tf.memory().numTensors;
  const data = {
    xs: tf.tensor2d([[1], [2], [3]]),
    ys: {
      a: tf.tensor1d([10, 20, 30]),
      b: tf.tensor2d([[1, 0], [0, 1], [1, 1]]),
    },
  };
  const source = batchSource(data, { batchSize: 3, name: "data" });
  for await (const batch of withChanged("ys", source, mispair).pass()) {
    const { xs, ys } = batch as TensorPair & {
      ys: { [name: string]: tf.Tensor };
    };
    assertEquals(await (xs as tf.Tensor).array(), [[1], [2], [3]]);
    assertEquals(await ys.a.array(), [20, 30, 10]);
    assertEquals(await ys.b.array(), [[0, 1], [1, 1], [1, 0]]);
    tf.dispose([xs, ys] as tf.TensorContainer);
  }
  tf.dispose([data.xs, data.ys] as tf.TensorContainer);
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("differ() changes every number", async () => {
  for (const dtype of ["float32", "int32"] as const) {
    const inputs = tf.tensor2d([[0, 3], [-2, 0]], [2, 2], dtype);
    const changed = differ(inputs);
    assertEquals(changed.dtype, dtype);
    assertEquals(await changed.array(), [[1, 0], [0, 1]]);
  }
});

Deno.test("replace() gives other targets of the same kind", async () => {
  for (
    const [given, other] of [
      [tf.tensor2d([[0, 1, 0]]), [[1, 0, 0]]],
      [tf.tensor3d([[[1, 0, 0], [0, 0, 1]]]), [[[0, 0, 1], [0, 1, 0]]]],
      [tf.tensor2d([[7]]), [[0]]],
      [tf.tensor1d([0, 0], "int32"), [1, 1]],
    ] as const
  ) {
    const found = replace(given as tf.Tensor);
    assertEquals(await found.array(), other as unknown);
    assertEquals(found.dtype, given.dtype);
  }
});

Deno.test("notLearnedFrom() asks for a clear difference, which no spike makes or hides", () => {
  const random = seededRandom(1);
  const losses = Array.from({ length: 40 }, () => 1 + 0.1 * normal(random));
  const same = losses.map((loss) => loss + 0.1 * normal(random));
  assert(notLearnedFrom(losses, same));
  const spike = same.map((loss, i) => i === 30 ? 1e6 : loss);
  assert(notLearnedFrom(losses, spike));
  const worse = losses.map((loss, i) => i === 30 ? 1e6 : loss + 0.3);
  assertEquals(notLearnedFrom(losses, worse), undefined);
  assertEquals(notLearnedFrom(losses, worse.slice(0, 10)), undefined);
  assert(areAlike([1, 2], [1 + 1e-7, 2, 3]));
  assert(!areAlike([1, 2], [1, 2.1]));
});

Deno.test("compareRowPairings() asks for more than other pairings differ by", () => {
  const training = (end: number, start = 1) => ({
    losses: Array.from(
      { length: 40 },
      (_, i) => end + (start - end) * 0.8 ** i,
    ),
    references: new Array<number>(40).fill(start),
  });
  const others = [0.6, 0.7, 0.65, 0.75].map((end) => training(end));
  assertEquals(compareRowPairings(training(0.1), others), { isClose: false });
  assertEquals(compareRowPairings(training(0.4), others), { isClose: true });
  const { pairing, isClose } = compareRowPairings(training(0.64), others)!;
  assert(isClose && pairing!.loss < pairing!.mispaired);
  // What starts worse, by chance, may end no lower and have learned the more.
  const worse = training(0.7, 1.6);
  assertEquals(compareRowPairings(worse, others)?.pairing, undefined);
  const { losses } = worse;
  assert(compareRowPairings({ losses }, others)?.pairing);
  // What blew up is no measure.
  const cut = others.map(({ losses }) => ({ losses: losses.slice(0, 9) }));
  assertEquals(compareRowPairings(training(0.5), cut), undefined);
});

/** Finds a rate for a loop; the loss takes `ys` or the inputs alone. */
function find(
  make: (kind: number, random: Random) => { x: number[]; y: number[] },
  loss: (
    model: tf.LayersModel,
    batch: { xs: tf.Tensor; ys: tf.Tensor },
  ) => tf.Tensor,
) {
  using _ = borrowMathRandom(seededRandom(1));
  const random = seededRandom(2);
  const rows = Array.from(
    { length: 900 },
    () => make(Math.floor(3 * random()), random),
  );
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 16, activation: "relu", inputShape: [4] }),
      tf.layers.dense({ units: 3 }),
    ],
  });
  const optimizer = tf.train.adam(0.01);
  return findLearningRate({
    optimizer,
    variables: model.trainableWeights,
    trainOnBatch: (batch: TensorPair) =>
      optimizer.minimize(
        () => loss(model, batch as { xs: tf.Tensor; ys: tf.Tensor }).asScalar(),
        true,
      )!,
  }, {
    xs: tf.tensor2d(rows.map(({ x }) => x)),
    ys: tf.tensor2d(rows.map(({ y }) => y)),
  });
}

const oneHot = (kind: number) => [0, 1, 2].map((k) => k === kind ? 1 : 0);
const inputs = (kind: number, random: Random) =>
  Array.from({ length: 4 }, (_, k) => normal(random) + (k === kind ? 2 : 0));
const entropy = (
  model: tf.LayersModel,
  { xs, ys }: { xs: tf.Tensor; ys: tf.Tensor },
) => tf.losses.softmaxCrossEntropy(ys, model.apply(xs) as tf.Tensor);

Deno.test("findLearningRate() never says good of a loop whose labels fit no inputs", async () => {
  const shuffled = await find(
    (_, random) => ({
      x: inputs(-1, random),
      y: oneHot(random() < 0.9 ? 0 : 1),
    }),
    entropy,
  );
  assertEquals(shuffled.verdict, "too-short", shuffled.advice);
  assertMatch(shuffled.advice, /given another's target.*shuffled/);
  const constant = await find(
    (kind, random) => ({ x: inputs(kind, random), y: oneHot(1) }),
    entropy,
  );
  assertEquals(constant.finding.kind, "targets-constant", constant.advice);
});

Deno.test("findLearningRate() says good of a loop whose labels fit, or which takes none", async () => {
  const fitting = await find(
    (kind, random) => ({ x: inputs(kind, random), y: oneHot(kind) }),
    entropy,
  );
  assertEquals(fitting.verdict, "good", fitting.advice);
  const without = await find(
    (kind, random) => ({ x: inputs(kind, random), y: [0] }),
    (model, { xs }) =>
      (model.apply(xs) as tf.Tensor).sub(xs.slice([0, 0], [-1, 3])).square()
        .mean(),
  );
  assertEquals(without.verdict, "good", without.advice);
});

Deno.test("findLearningRate() never says good of a loop whose inputs are all the same, unless it takes none", async () => {
  const same = await find(
    (_, random) => ({ x: [0, 0, 0, 0], y: oneHot(random() < 0.95 ? 0 : 1) }),
    entropy,
  );
  assertEquals(same.finding.kind, "inputs-constant", same.advice);
  const density = await find(
    (_, random) => ({ x: [0, 0, 0, 0], y: oneHot(random() < 0.95 ? 0 : 1) }),
    (model, { ys }) => entropy(model, { xs: tf.ones([32, 4]), ys }),
  );
  assertEquals(density.verdict, "good", density.advice);
});

Deno.test("findLearningRate() compares pairs for long where examples are not used up", async () => {
  using _ = borrowMathRandom(seededRandom(1));
  const random = seededRandom(2);
  const weights = tf.variable(tf.zeros([4, 3]));
  const optimizer = tf.train.adam(0.01);
  const range = await findLearningRate({
    optimizer,
    variables: [weights],
    trainOnBatch: ({ xs, ys }) =>
      optimizer.minimize(
        () =>
          tf.losses.softmaxCrossEntropy(
            ys as tf.Tensor,
            (xs as tf.Tensor2D).matMul(weights).add([2, 0, 0]),
          ).asScalar(),
        true,
        [weights],
      )!,
  }, function* () {
    while (true) {
      const kinds = Array.from({ length: 32 }, () => Math.floor(3 * random()));
      yield {
        // What does not vary is learned to be a bias, and nothing else is.
        xs: tf.tensor2d(kinds.map(() => [1, ...inputs(-1, random).slice(1)])),
        ys: tf.tensor2d(kinds.map((kind) => oneHot(kind))),
      };
    }
  }, { maxBatches: 400 });
  assertEquals(range.finding.kind, "pairs-not-learned", range.advice);
  assertEquals(range.remedies[0].kind, "set-option");
  assert(range.cost!.trained > 350, `${range.cost!.trained}`);
  assert(range.cost!.trained <= 500, `${range.cost!.trained}`);
});
