/** A range test that is stopped while it waits for what never comes. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type BatchDataset,
  findLearningRate,
  type FindLearningRateOptions,
  type TrainingData,
} from "@clr/clr";
import { linearData, linearModel } from "./_linear.ts";

await tf.setBackend("cpu");

interface Batch {
  readonly xs: tf.Tensor;
  readonly ys: tf.Tensor;
}

/** The batches that come, from whichever of them on none does. */
class Stall {
  readonly #stop = new AbortController();
  readonly #at: number;
  #asked = 0;
  /** Lets the batch come after all. */
  arrive: () => void = () => {};

  constructor(at: number) {
    this.#at = at;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Waits for ever at its turn, of which the signal learns. */
  async turn(): Promise<void> {
    if (++this.#asked !== this.#at) return;
    this.#stop.abort();
    await new Promise<void>((resolve) => this.arrive = resolve);
  }
}

const batch = (): Batch => linearData(8);

type Options = FindLearningRateOptions<Batch>;

const FORMS: Record<
  string,
  (stall: Stall) => {
    data: TrainingData<Batch>;
    options?: Options;
  }
> = {
  "a generator": (stall) => ({
    data: async function* () {
      while (true) {
        await stall.turn();
        yield batch();
      }
    },
  }),
  "a Dataset": (stall) => ({
    data: tf.data.generator(
      async function* () {
        while (true) {
          await stall.turn();
          yield batch();
        }
        // deno-lint-ignore no-explicit-any -- tfjs's types know no async generators
      } as any,
    ) as unknown as BatchDataset<Batch>,
  }),
  "a Dataset in a function": (stall) => ({
    data: () => ({
      async iterator() {
        await stall.turn();
        return {
          async next() {
            await stall.turn();
            return { value: batch(), done: false };
          },
        };
      },
    }),
  }),
  "data on which batches are replayed": (stall) => ({
    data: async function* () {
      while (true) {
        await stall.turn();
        yield batch();
      }
    },
    options: { grid: { momentum: [0, 0.9] } },
  }),
  "validation data": (stall) => ({
    data: linearData(32),
    options: {
      validationData: async function* () {
        for (let i = 0; i < 3; i++) {
          await stall.turn();
          yield batch();
        }
      },
    },
  }),
  "whom it tells of each rate": (stall) => ({
    data: linearData(32),
    options: { onBatch: () => stall.turn() },
  }),
};

for (const [name, create] of Object.entries(FORMS)) {
  for (const at of [1, 5, 70]) {
    Deno.test(`findLearningRate() ends on an abort although ${name} stalls at turn ${at}`, async () => {
      const stall = new Stall(at);
      const { data, options } = create(stall);
      const model = linearModel(tf.train.momentum(0.01, 0.5));
      const before = model.getWeights().map((weight) => weight.arraySync());
      const tensors = tf.memory().numTensors;
      const range = await findLearningRate<Batch>(model, data, {
        ...options,
        signal: stall.signal,
      });
      // The first sweep is over by then, and it is the trials that stop.
      if (at < 70) assertEquals(range.stopReason, "aborted");
      assert(stall.signal.aborted);
      assertEquals(
        model.getWeights().map((weight) => weight.arraySync()),
        before,
      );
      // What comes after all is not kept, and its source ends.
      stall.arrive();
      await new Promise((resolve) => setTimeout(resolve));
      assertEquals(tf.memory().numTensors, tensors);
    });
  }
}

for (
  const [name, at, options] of [
    ["trainOnBatch", 1, {}],
    ["trainOnBatch", 5, {}],
    ["trainOnBatch", 70, {}],
    ["trainOnBatch", 5, { accumulate: 2 }],
    ["trainOnBatch", 5, { grid: { momentum: [0, 0.9] } }],
    ["evaluateOnBatch", 1, {}],
    ["evaluateOnBatch", 5, {}],
    ["evaluateOnBatch", 5, { validationData: linearData(32) }],
  ] as const
) {
  Deno.test(`findLearningRate() ends on an abort although ${name} stalls at turn ${at} with ${Object.keys(options)}`, async () => {
    const stall = new Stall(at);
    const weights = tf.variable(tf.ones([4, 1]));
    const optimizer = tf.train.momentum(0.01, 0.5);
    const lossOf = ({ xs, ys }: Batch) =>
      tf.tidy(() =>
        xs.matMul(weights).sub(ys).square()
          .mean() as tf.Scalar
      );
    const data = linearData(32);
    const { applyGradients, computeGradients } = tf.Optimizer.prototype;
    const tensors = tf.memory().numTensors;
    const range = await findLearningRate<Batch>(
      {
        optimizer,
        variables: [weights],
        async trainOnBatch(batch) {
          if (name === "trainOnBatch") await stall.turn();
          return optimizer.minimize(() => lossOf(batch), true, [weights])!;
        },
        ...name === "evaluateOnBatch" && {
          async evaluateOnBatch(batch: Batch) {
            await stall.turn();
            return lossOf(batch);
          },
        },
      },
      data,
      { ...options, signal: stall.signal },
    );
    if (at < 70) assertEquals(range.stopReason, "aborted");
    assert(stall.signal.aborted);
    assertEquals(tf.memory().numTensors, tensors);
    // Nobody looks at what optimizers do any more.
    assert(tf.Optimizer.prototype.applyGradients === applyGradients);
    assert(
      (tf.Optimizer.prototype as unknown as Record<string, unknown>)
        .computeGradients === computeGradients,
    );
    // The step that comes after all has no batch any more.
    stall.arrive();
    await new Promise((resolve) => setTimeout(resolve));
    assertEquals(Array.from(weights.dataSync()), [1, 1, 1, 1]);
    assertEquals(tf.memory().numTensors, tensors);
    tf.dispose([weights, data]);
    optimizer.dispose();
  });
}

Deno.test("findLearningRate() closes data that come before it gives up on them", async () => {
  const stop = new AbortController();
  let closed = 0;
  const range = await findLearningRate(linearModel(), async function* () {
    try {
      for (let i = 0;; i++) {
        if (i === 4) {
          stop.abort();
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        yield batch();
      }
    } finally {
      closed++;
    }
  }, { signal: stop.signal });
  assertEquals([range.stopReason, closed], ["aborted", 1]);
});

Deno.test("findLearningRate() takes an error of its data for one, aborted or not", async () => {
  const stop = new AbortController();
  await assertRejects(
    () =>
      findLearningRate(linearModel(), async function* () {
        yield batch();
        stop.abort();
        await Promise.resolve();
        throw new Error("no such file");
      }, { signal: stop.signal }),
    Error,
    "no such file",
  );
});

Deno.test("a range test of many short runs lets the signal in that stops it", async () => {
  const model = linearModel();
  const data = linearData(8);
  // The first run takes longest, of which this is not about.
  await findLearningRate(model, data, { iterations: 2 });
  let batches = 0;
  await findLearningRate(model, data, {
    ...{ iterations: 2, repeats: 3000, batchSize: 8 },
    signal: AbortSignal.timeout(1),
    onBatch: () => void batches++,
  });
  assert(batches < 3000, `${batches} of 6000 batches`);
});
