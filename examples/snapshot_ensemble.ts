/**
 * Trains Caffe's CIFAR-10 "quick" network for some cycles and compares, on the
 * test images, the network at the end of each cycle with what the ends of the
 * cycles give together: an ensemble of their predictions, and the average of
 * their weights.
 *
 * ```sh
 * deno run -A examples/snapshot_ensemble.ts --data DIR
 * ```
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { CyclicLR } from "@clr/clr";
import { selectBackend } from "@clr/clr/backends";
import {
  type FlagValues,
  loadInterruptibly,
  OWN_VERSION,
  runCommand,
} from "@clr/clr/command";
import { CycleSnapshots } from "@clr/clr/training";
import { loadCifar10 } from "./datasets/cifar10.ts";
import { ImageBatches } from "./datasets/image_batches.ts";
import { DatasetError } from "./datasets/image_dataset.ts";
import { meanImage } from "./datasets/normalization.ts";
import { createCifar10Quick } from "./models/cifar10_quick.ts";
import { DATA_FLAGS, DEVICE_FLAGS } from "./training/flags.ts";
import { paragraph } from "./training/paragraph.ts";
import { formatDuration } from "./training/plan.ts";

/** The flags of this program. */
export const FLAGS = {
  ...DATA_FLAGS,
  "train-images": {
    ...DATA_FLAGS["train-images"],
    default: 10_000,
    help: "images to train on",
  },
  "test-images": {
    ...DATA_FLAGS["test-images"],
    default: 2_000,
    help: "images to test on",
  },
  cycles: {
    kind: "integer",
    min: 2,
    default: 3,
    help: "cycles, each of two epochs",
  },
  mode: {
    kind: "choice",
    choices: ["triangular", "triangular2"],
    default: "triangular",
    help: "whether each cycle is as high as the first, or half as high",
  },
  ...DEVICE_FLAGS,
} as const;

/** The part of the images that `predict` tells right. */
async function accuracyOf(
  predict: (xs: tf.Tensor) => tf.Tensor,
  batches: ImageBatches,
): Promise<number> {
  let right = 0;
  for (let t = 0; t < batches.perEpoch; t++) {
    const count = tf.tidy(() => {
      const { xs, ys } = batches.tensorsAt(t);
      return predict(xs).argMax(-1).equal(ys.argMax(-1)).sum();
    });
    right += (await count.data())[0];
    count.dispose();
  }
  return right / batches.count;
}

function tell(what: string, accuracy: number): void {
  const percent = `${(100 * accuracy).toFixed(2)} %`;
  console.log(`${what.padEnd(28)} test accuracy ${percent}`);
}

async function main(values: FlagValues<typeof FLAGS>): Promise<number> {
  const backend = await selectBackend(values);
  const dataset = await loadInterruptibly((signal) =>
    loadCifar10({
      source: values.data,
      trainImages: values["train-images"],
      testImages: values["test-images"],
      seed: values.seed,
      signal,
    })
  );
  const options = {
    batchSize: values["batch-size"],
    normalization: meanImage(dataset.train, dataset.shape),
    seed: values.seed,
  };
  const batches = new ImageBatches(dataset, "train", options);
  const tests = new ImageBatches(dataset, "test", {
    ...options,
    shuffle: false,
  });
  const plan = paragraph(
    `${batches.count} images to train, ${tests.count} to test (${dataset.name}, ${dataset.origin}); ` +
      `${backend.backend} on ${backend.device}; ${values.cycles} cycles of ${
        2 * batches.perEpoch
      } iterations, ${values.mode}`,
  );
  console.log(`${plan}\n`);

  const model = createCifar10Quick({
    seed: values.seed,
    optimizer: tf.train.momentum(0.001, 0.9),
  });
  const alone = (xs: tf.Tensor) => model.predict(xs) as tf.Tensor;
  using snapshots = new CycleSnapshots(model, { keep: values.cycles });
  const clr = new CyclicLR({
    stepSize: batches.perEpoch,
    mode: values.mode,
    onCycleEnd: async ({ cycle }) => {
      const accuracy = await accuracyOf(alone, tests);
      snapshots.take(accuracy);
      tell(`end of cycle ${cycle}`, accuracy);
    },
  });
  const start = performance.now();
  await model.fitDataset(batches.dataset(), {
    epochs: 2 * values.cycles,
    batchesPerEpoch: batches.perEpoch,
    verbose: 0,
    callbacks: [clr],
  });
  console.log(
    `trained in ${formatDuration((performance.now() - start) / 1000)}\n`,
  );

  for (let last = 2; last <= values.cycles; last++) {
    const ensemble = (xs: tf.Tensor) =>
      snapshots.predict(xs, {
        last,
        batchSize: values["batch-size"],
      }) as tf.Tensor;
    tell(`ensemble of the last ${last}`, await accuracyOf(ensemble, tests));
  }
  for (let last = 2; last <= values.cycles; last++) {
    await snapshots.average({ last });
    tell(`average of the last ${last}`, await accuracyOf(alone, tests));
  }
  model.optimizer.dispose();
  model.dispose();
  return 0;
}

if (import.meta.main) {
  await runCommand({
    summary:
      "Compares the ends of cycles with their ensemble and their average.",
    usage: "deno run -A examples/snapshot_ensemble.ts [flags]",
    version: OWN_VERSION,
    flags: FLAGS,
    main,
    expected: [DatasetError],
  });
}
