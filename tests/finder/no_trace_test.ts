import { assert, assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { selectBackend } from "../../src/backends/select_backend.ts";
import { findLearningRate } from "../../src/finder/find_learning_rate.ts";
import { seededRandom } from "../../src/runtime/random.ts";
import type { BatchDataset } from "../../src/finder/data/training_data.ts";
import { AdamW } from "../../src/training/optimizers/adam_w.ts";
import { SGDW } from "../../src/training/optimizers/sgd_w.ts";
import { getLearningRate } from "../../src/tfjs/learning_rate.ts";

// Started here, as what a backend opens stays open for the process.
await selectBackend({ backend: "wasm", threads: 1 });
await selectBackend({ backend: "cpu" });

const OPTIMIZERS: Record<string, () => tf.Optimizer> = {
  sgd: () => tf.train.sgd(0.05),
  momentum: () => tf.train.momentum(0.05, 0.9),
  adagrad: () => tf.train.adagrad(0.05),
  adadelta: () => tf.train.adadelta(0.5),
  adam: () => tf.train.adam(0.01),
  adamax: () => tf.train.adamax(0.01, 0.9, 0.999, 1e-7, 0.01),
  rmsprop: () => tf.train.rmsprop(0.01, 0.9, 0.5, 1e-7),
  AdamW: () => new AdamW(0.01, { weightDecay: 0.1 }),
  SGDW: () => new SGDW(0.05, { weightDecay: 0.01, useNesterov: true }),
};

/** Those whose steps are as large as the gradient. */
const SCALED = ["sgd", "momentum", "SGDW"];

/** Those that a grid of momenta can be tested with. */
const WITH_MOMENTUM = [
  "momentum",
  "adam",
  "adamax",
  "rmsprop",
  "AdamW",
  "SGDW",
];

type TensorMap = { readonly [name: string]: tf.Tensor };

const EXAMPLES = 24;
const BATCH = 6;

function data(): { xs: tf.Tensor2D; ys: tf.Tensor2D } {
  return tf.tidy(() => {
    const xs = tf.randomNormal(
      [EXAMPLES, 5],
      0,
      1,
      "float32",
      3,
    ) as tf.Tensor2D;
    return { xs, ys: xs.slice([0, 0], [-1, 2]).square() as tf.Tensor2D };
  });
}

function createModel(optimizer: tf.Optimizer): tf.LayersModel {
  const initializer = (seed: number) => tf.initializers.glorotUniform({ seed });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 8,
        inputShape: [5],
        kernelInitializer: initializer(1),
      }),
      tf.layers.batchNormalization(),
      tf.layers.activation({ activation: "relu" }),
      // Without a seed: each step draws one from Math.random.
      tf.layers.dropout({ rate: 0.3 }),
      tf.layers.dense({ units: 2, kernelInitializer: initializer(2) }),
    ],
  });
  model.compile({ optimizer, loss: "meanSquaredError", metrics: ["mae"] });
  return model;
}

/** Datasets that hold tensors ahead of their reader, in batches of 6. */
function datasets(): Record<string, BatchDataset> {
  const examples = (count = EXAMPLES) =>
    tf.data.generator(function* () {
      for (let i = 0; i < count; i++) {
        yield { xs: tf.fill([5], i % 7), ys: tf.fill([2], i % 3) };
      }
    });
  const batches = () => examples().batch(BATCH);
  const halves = () => examples(EXAMPLES / 2);
  const [xs, ys] = (["xs", "ys"] as const).map((key) =>
    examples().map((example) => (example as TensorMap)[key])
  );
  return {
    prefetch: batches().prefetch(2),
    "shuffle of examples": examples().shuffle(12, "1").batch(BATCH),
    "shuffle of batches": batches().shuffle(3, "1"),
    "shuffle behind prefetch": examples().shuffle(12, "1").batch(BATCH)
      .prefetch(2),
    zip: tf.data.zip({ xs: xs.prefetch(8), ys: ys.prefetch(3) }).batch(BATCH),
    concatenate: halves().prefetch(7).concatenate(halves()).batch(BATCH),
    "repeat without end": examples().shuffle(12, "1").repeat().batch(BATCH)
      .prefetch(2),
  } as unknown as Record<string, BatchDataset>;
}

/** What the finder is made to end by. */
type Ending =
  | "complete"
  | "extensions and trials"
  | "abort in a trial"
  | "lower and lower"
  | "grid"
  | "accumulation"
  | "batch throws"
  | "callback throws"
  | "abort"
  | "NaN";

async function find(
  model: tf.LayersModel,
  all: { xs: tf.Tensor2D; ys: tf.Tensor2D },
  ending: Ending,
): Promise<void> {
  const controller = new AbortController();
  const options = {
    iterations: 9,
    startLr: 1e-3,
    endLr: 0.3,
    batchSize: BATCH,
    repeats: ending === "complete" ? 2 : 1,
    signal: controller.signal,
    onBatch: ({ iteration }: { iteration: number }) => {
      if (iteration < 5) return;
      if (ending === "callback throws") throw new Error("from onBatch");
      if (ending === "abort") controller.abort();
    },
  };
  function* broken() {
    for (let batch = 0;; batch++) {
      if (batch === 5 && ending === "batch throws") throw new Error("no more");
      const bad = batch === 5 ? NaN : 1;
      yield tf.tidy(() => ({
        xs: all.xs.slice(0, BATCH),
        // In the targets: a ReLU on WASM makes 0 of NaN.
        ys: all.ys.slice(0, BATCH).mul(bad),
      }));
    }
  }
  switch (ending) {
    case "batch throws":
      await assertRejects(
        () => findLearningRate(model, broken, options),
        Error,
        "no more",
      );
      return;
    case "callback throws":
      await assertRejects(
        () => findLearningRate(model, all, options),
        Error,
        "from onBatch",
      );
      return;
    case "extensions and trials": {
      // Nothing is to be learned from these, which a long trial is to tell.
      const noise = {
        xs: tf.randomNormal([16 * BATCH, 5], 0, 1, "float32", 8),
        ys: tf.randomNormal([16 * BATCH, 2], 0, 1, "float32", 9),
      };
      const range = await findLearningRate(model, noise, { batchSize: BATCH });
      tf.dispose(noise);
      assert(range.runs.length > 1);
      assert(
        range.trials?.some(({ losses }) => losses.length > 40),
        `${range}`,
      );
      return;
    }
    case "abort in a trial": {
      let last = NaN;
      let alike = 0;
      await findLearningRate(model, all, {
        batchSize: BATCH,
        signal: controller.signal,
        onBatch: ({ learningRate }) => {
          alike = learningRate === last ? alike + 1 : 0;
          last = learningRate;
          if (alike === 5) controller.abort();
        },
      });
      assert(controller.signal.aborted, "no trial");
      return;
    }
    case "lower and lower": {
      // Of targets so large the first rate is too high already.
      const ys = all.ys.mul(1e6);
      let least = Infinity;
      await findLearningRate(model, { xs: all.xs, ys }, {
        batchSize: BATCH,
        maxBatches: 90,
        onBatch: ({ learningRate }) => {
          least = Math.min(least, learningRate);
        },
      });
      ys.dispose();
      assert(least < 1e-7, `${least}`);
      return;
    }
    case "grid": {
      const { grid } = await findLearningRate(model, all, {
        ...options,
        signal: new AbortController().signal,
        onBatch: undefined,
        repeats: 1,
        grid: {
          momentum: [0.5, 0.8],
          ...("weightDecay" in model.optimizer ? { weightDecay: [0, 1] } : {}),
        },
      });
      assert(grid!.best !== undefined);
      return;
    }
    case "accumulation": {
      const { cost } = await findLearningRate(model, all, {
        ...options,
        onBatch: undefined,
        accumulate: 3,
        batchesPerRate: 2,
      });
      assertEquals(cost?.trained, 9 * 6);
      return;
    }
    case "NaN":
      assertEquals(
        (await findLearningRate(model, broken, options)).stopReason,
        "non-finite",
      );
      return;
    default:
      assertEquals(
        (await findLearningRate(model, all, options)).stopReason,
        ending === "abort" ? "aborted" : "end",
      );
  }
}

/** The weights, as bits, after `before` steps, the finder, and five steps. */
async function train(
  createOptimizer: () => tf.Optimizer,
  before: number,
  ending: Ending | undefined,
): Promise<Uint32Array[]> {
  const original = Math.random;
  const all = data();
  const { xs, ys } = all;
  const optimizer = createOptimizer();
  const model = createModel(optimizer);
  const random = Math.random = seededRandom(7);
  try {
    const step = () =>
      model.trainOnBatch(xs.slice(0, BATCH), ys.slice(0, BATCH));
    const steps = async (count: number) => {
      for (let i = 0; i < count; i++) {
        tf.engine().startScope();
        await step();
        tf.engine().endScope();
      }
    };
    await steps(before);
    if (ending) {
      const memory = tf.memory();
      const learningRate = getLearningRate(optimizer);
      const { iterations } = optimizer;
      await find(model, all, ending);
      assertEquals(tf.memory().numTensors, memory.numTensors);
      assertEquals(tf.memory().numDataBuffers, memory.numDataBuffers);
      assertEquals(tf.memory().numBytes, memory.numBytes);
      assertEquals(getLearningRate(optimizer), learningRate);
      assertEquals(optimizer.iterations, iterations);
      assert(Math.random === random);
    }
    await steps(5);
    return model.getWeights().map((weight) =>
      new Uint32Array((weight.dataSync() as Float32Array).slice().buffer)
    );
  } finally {
    Math.random = original;
    model.dispose();
    optimizer.dispose();
    tf.dispose([xs, ys]);
  }
}

for (const backend of ["cpu", "wasm"]) {
  for (const [name, createOptimizer] of Object.entries(OPTIMIZERS)) {
    Deno.test(`findLearningRate() leaves no trace with ${name} on ${backend}`, async () => {
      await tf.setBackend(backend);
      for (const before of [0, 3]) {
        const expected = await train(createOptimizer, before, undefined);
        const long = [
          "extensions and trials",
          // Adadelta learns nothing within so few steps that would be tried out.
          ...(name === "adadelta" ? [] : ["abort in a trial" as const]),
          ...(SCALED.includes(name) ? ["lower and lower" as const] : []),
          ...(WITH_MOMENTUM.includes(name) ? ["grid" as const] : []),
        ] as const;
        for (
          const ending of [
            "complete",
            "accumulation",
            // Where there is more to put back.
            ...(before > 0 ? long : []),
            "batch throws",
            "callback throws",
            "abort",
            "NaN",
          ] as const
        ) {
          assertEquals(
            await train(createOptimizer, before, ending),
            expected,
            `${ending}, ${before} steps before`,
          );
        }
      }
    });
  }
}

Deno.test("findLearningRate() releases what a Dataset read ahead", async () => {
  await tf.setBackend("cpu");
  const model = createModel(tf.train.sgd(0.01));
  const { numTensors } = tf.memory();
  for (const [name, dataset] of Object.entries(datasets())) {
    // The test ends in the middle of a pass.
    await findLearningRate(model, dataset, { iterations: 6, repeats: 2 });
    assertEquals(tf.memory().numTensors, numTensors, name);
    const failing = {
      iterations: 6,
      onBatch: () => {
        throw new Error("from onBatch");
      },
    };
    await assertRejects(
      () => findLearningRate(model, dataset, failing),
      Error,
      "from onBatch",
    );
    assertEquals(tf.memory().numTensors, numTensors, `${name}, throwing`);
  }
  model.optimizer.dispose();
  model.dispose();
});
