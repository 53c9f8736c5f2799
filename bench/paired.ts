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
import { selectBackend } from "@clr/clr/backends";
import { type FlagValues, runCommand } from "@clr/clr/command";
import { measureOverhead, type Ratio } from "./overhead.ts";

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

function describe({ ratios }: Ratio): string {
  const sorted = [...ratios].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.round(share * (sorted.length - 1))].toFixed(3);
  return `median ${at(0.5)}, quartiles ${at(0.25)} to ${at(0.75)}`;
}

async function main(flags: FlagValues<typeof FLAGS>): Promise<number> {
  const { batches, pairs } = flags;
  const { backend, device } = await selectBackend({ backend: flags.backend });
  console.log(
    `Ratios over ${batches} batches of ${BATCH_SIZE}, ${pairs} pairs, ` +
      `tfjs ${tf.version.tfjs}, ${backend} on ${device}`,
  );
  const { callback, finder, finderToItsWork } = await measureOverhead({
    batchSize: BATCH_SIZE,
    batches,
    pairs,
  });
  console.log(`fit with CyclicLR, to fit: ${describe(callback)}`);
  console.log(`findLearningRate, to fit: ${describe(finder)}`);
  console.log(
    `findLearningRate, to fit and evaluate: ${describe(finderToItsWork)}`,
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
