import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type CustomTrainee, findLearningRate } from "@clr/clr";

await tf.setBackend("cpu");

function model(): tf.LayersModel {
  const made = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
  });
  made.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  return made;
}

const data = () => ({ xs: tf.ones([8, 2]), ys: tf.ones([8, 1]) });

Deno.test("findLearningRate() refuses an option that is none, with the one that was meant", async () => {
  const all = data();
  for (
    const [name, meant] of [
      ["endLR", "endLr"],
      ["start_lr", "startLr"],
      ["batch_size", "batchSize"],
      ["iteration", "iterations"],
      ["validationdata", "validationData"],
    ]
  ) {
    await assertRejects(
      () => findLearningRate(model(), all, { [name]: 1 } as never),
      TypeError,
      `current value has "${name}"; did you mean "${meant}"?`,
    );
  }
  await assertRejects(
    () => findLearningRate(model(), all, 100 as never),
    TypeError,
    "options must be an object: current value is 100",
  );
  // What is undefined is not given.
  const { verdict } = await findLearningRate(model(), all, {
    endLr: undefined,
    iterations: 8,
  });
  assertEquals(typeof verdict, "string");
  tf.dispose(all);
});

Deno.test("findLearningRate() refuses a misspelt part of a loop", async () => {
  const w = tf.variable(tf.scalar(1));
  const optimizer = tf.train.sgd(0.1);
  const trainee: CustomTrainee = {
    optimizer,
    variables: [w],
    trainOnBatch: () =>
      optimizer.minimize(() => w.square() as tf.Scalar, true, [w])!,
  };
  await assertRejects(
    () =>
      findLearningRate(
        { ...trainee, evaluateOnbatch: () => 1 } as CustomTrainee,
        () => [],
      ),
    TypeError,
    'evaluateOnBatch must be spelt so: current value is "evaluateOnbatch"',
  );
  // A loop may have what it needs.
  const range = await findLearningRate(
    { ...trainee, generator: 3 } as CustomTrainee<object>,
    () => [{}],
    { iterations: 8 },
  );
  assertEquals(range.losses.length > 0, true);
  w.dispose();
  optimizer.dispose();
});

Deno.test("findLearningRate() refuses weights of examples where a model's training does", async () => {
  const all = data();
  const sampleWeight = tf.ones([8]);
  const refused = (find: () => Promise<unknown>) =>
    assertRejects(
      find,
      TypeError,
      "must have no sampleWeight, which tfjs's fit does not support: current value is a float32 tensor of shape [8]",
    );
  const weighed = { ...all, sampleWeight };
  await refused(() =>
    findLearningRate(model(), all, { sampleWeight } as never)
  );
  await refused(() => findLearningRate(model(), weighed));
  await refused(() => findLearningRate(model(), () => [weighed]));
  // tfjs's own word, on which this rests.
  await assertRejects(
    () => model().fit(all.xs, all.ys, { sampleWeight, verbose: 0 }),
    Error,
    "sample weight is not supported",
  );
  tf.dispose([all, sampleWeight]);
});

Deno.test("findLearningRate() draws what else belongs to examples for a loop", async () => {
  const xs = tf.range(0, 12).reshape([12, 1]);
  const all = { xs, ys: xs.mul(2), sampleWeight: tf.range(0, 12) };
  const w = tf.variable(tf.scalar(0));
  const optimizer = tf.train.sgd(1e-5);
  const seen: number[][] = [];
  await findLearningRate(
    {
      optimizer,
      variables: [w],
      trainOnBatch: (batch: typeof all) => {
        seen.push([...batch.sampleWeight.dataSync()]);
        assertEquals(seen.at(-1), [...batch.xs.dataSync()]);
        return optimizer.minimize(
          () =>
            w.mul(batch.xs).sub(batch.ys).square()
              .mul(batch.sampleWeight.expandDims(1)).mean() as tf.Scalar,
          true,
          [w],
        )!;
      },
    },
    all,
    { iterations: 9, batchSize: 4, endLr: 1e-4 },
  );
  assertEquals(seen.slice(0, 3).flat().sort((a, b) => a - b).length, 12);
  tf.dispose([all, w]);
  optimizer.dispose();
});

Deno.test("findLearningRate() takes a model, or an optimizer, in one test at a time", async () => {
  const all = data();
  const one = model();
  const weights = () =>
    one.getWeights().map((weight) => [...weight.dataSync()]);
  const before = weights();
  const tests = await Promise.allSettled(
    [1, 2].map((seed) =>
      findLearningRate(one, all, { iterations: 10, batchSize: 4, seed })
    ),
  );
  assertEquals(tests.map(({ status }) => status), ["fulfilled", "rejected"]);
  const [, { reason }] = tests as [unknown, PromiseRejectedResult];
  assertStringIncludes(reason.message, "one range test at a time");
  assertEquals(weights(), before);
  // Afterwards it is free, and what it would have been alone.
  const again = await findLearningRate(one, all, {
    iterations: 10,
    batchSize: 4,
    seed: 2,
  });
  const alone = await findLearningRate(one, all, {
    iterations: 10,
    batchSize: 4,
    seed: 2,
  });
  assertEquals(again.losses, alone.losses);

  const w = tf.variable(tf.scalar(1));
  const optimizer = tf.train.sgd(0.1);
  const trainee: CustomTrainee<number> = {
    optimizer,
    variables: [w],
    trainOnBatch: () =>
      optimizer.minimize(() => w.square() as tf.Scalar, true, [w])!,
  };
  const loops = await Promise.allSettled(
    [1, 2].map(() =>
      findLearningRate(trainee, () => [1, 2, 3], { iterations: 6 })
    ),
  );
  assertEquals(loops.map(({ status }) => status), ["fulfilled", "rejected"]);
  assertEquals(w.dataSync()[0], 1);
  tf.dispose(all);
});

for (const iterations of [5e7, 1e12]) {
  Deno.test(`findLearningRate() of ${iterations} iterations makes no more rates than it trains at`, async () => {
    const all = data();
    const abort = new AbortController();
    // All rates at once would be 8 TB, or take longer than the test.
    const range = await findLearningRate(model(), all, {
      iterations,
      signal: abort.signal,
      onBatch: ({ iteration }) => {
        if (iteration === 20) abort.abort();
      },
    });
    assertEquals(range.stopReason, "aborted");
    assert(range.learningRates.length <= 24, `${range.learningRates.length}`);
    assertEquals(range.settings.iterations, iterations);
    tf.dispose(all);
  });
}
