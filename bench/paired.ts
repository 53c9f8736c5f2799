/**
 * What the callback and the range test add to training, in pairs: A B B A …, so
 * that a machine whose speed drifts slows both alike. Of each pair the ratio is
 * taken, and of the ratios the quartiles.
 *
 *     deno run -A bench/paired.ts [--pairs N] [--backend wasm|webgpu]
 *
 * The network is the CIFAR-10 quick network, the batch 100 random images.
 */

import * as tf from "@tensorflow/tfjs";
import { CyclicLR, findLearningRate } from "@clr/clr";
import { selectBackend } from "@clr/clr/backends";
import { type FlagValues, runCommand } from "@clr/clr/command";
import { createCifar10Quick } from "../examples/models/cifar10_quick.ts";

const FLAGS = {
  pairs: { kind: "integer", min: 4, default: 20, help: "pairs to time" },
  batches: {
    kind: "integer",
    min: 5,
    default: 8,
    help: "training batches in each half of a pair",
  },
  backend: {
    kind: "choice",
    choices: ["auto", "webgpu", "wasm", "cpu"],
    default: "wasm",
    help: "what computes",
  },
} as const;

const BATCH_SIZE = 100;

/** Rates at which nothing diverges, so that every batch is trained. */
const RATES = { startLr: 1e-7, endLr: 1e-6 };

async function seconds(body: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await body();
  return (performance.now() - start) / 1000;
}

function quartiles(values: readonly number[]): [number, number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  return [at(0.25), at(0.5), at(0.75)];
}

async function compare(
  name: string,
  { body, bare, pairs }: {
    readonly body: () => Promise<unknown>;
    readonly bare: () => Promise<unknown>;
    readonly pairs: number;
  },
): Promise<void> {
  await bare();
  await body();
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const bareFirst = pair % 2 === 0;
    const before = bareFirst ? await seconds(bare) : 0;
    const time = await seconds(body);
    ratios.push(time / (bareFirst ? before : await seconds(bare)));
  }
  const [low, middle, high] = quartiles(ratios).map((r) => r.toFixed(3));
  console.log(`${name}: median ${middle}, quartiles ${low} to ${high}`);
}

async function main(flags: FlagValues<typeof FLAGS>): Promise<number> {
  const { batches, pairs } = flags;
  const { backend, device } = await selectBackend({ backend: flags.backend });
  console.log(
    `Ratio to model.fit of ${batches} batches of ${BATCH_SIZE}, ${pairs} pairs, ` +
      `tfjs ${tf.version.tfjs}, ${backend} on ${device}`,
  );
  const model = createCifar10Quick({
    seed: 1,
    optimizer: tf.train.momentum(RATES.startLr, 0.9),
  });
  const count = batches * BATCH_SIZE;
  const xs = tf.randomNormal([count, 32, 32, 3], 0, 60, "float32", 1);
  const ys = tf.oneHot(
    tf.range(0, count, 1, "int32").mod(tf.scalar(10, "int32")),
    10,
  );
  const fit = (callbacks: tf.Callback[]) =>
    model.fit(xs, ys, { batchSize: BATCH_SIZE, verbose: 0, callbacks });
  const clr = new CyclicLR({ baseLr: RATES.startLr, maxLr: RATES.endLr });

  await compare("with CyclicLR", {
    body: () => fit([clr]),
    bare: () => fit([]),
    pairs,
  });
  await compare(
    "findLearningRate",
    {
      body: () =>
        findLearningRate(model, { xs, ys }, {
          ...RATES,
          iterations: batches,
          batchSize: BATCH_SIZE,
        }),
      bare: () => fit([]),
      pairs,
    },
  );
  return 0;
}

if (import.meta.main) {
  await runCommand({
    summary:
      "Times training with a schedule beside training without, in pairs.",
    usage: "deno run -A bench/paired.ts [flags]",
    flags: FLAGS,
    main,
  });
}
