/**
 * Finds the learning rates of a small network on MNIST, and trains it with
 * Adam between them:
 *
 * ```sh
 * deno run -A examples/mnist.ts --data DIR
 * ```
 *
 * DIR holds MNIST's or Fashion-MNIST's IDX files, gzipped or not. Without it
 * the network learns images that are drawn.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { join } from "@std/path";
import { CyclicLR, findLearningRate } from "@clr/clr";
import { selectBackend } from "@clr/clr/backends";
import { runCommand } from "../src/_command.ts";
import { describeFlags, parseFlags } from "../src/_flags.ts";
import { DatasetError, type ImageSplit } from "./datasets/image_dataset.ts";
import { drawSyntheticImages } from "./datasets/synthetic_images.ts";
import { DEVICE_FLAGS, HELP_FLAGS } from "./training/flags.ts";

const FLAGS = {
  data: {
    kind: "text",
    value: "DIR",
    help: "folder of the IDX files (default: images that are drawn)",
  },
  epochs: { kind: "integer", min: 1, default: 8, help: "of training" },
  ...DEVICE_FLAGS,
  ...HELP_FLAGS,
} as const;

const BATCH_SIZE = 128;

/** The numbers of an IDX file of bytes, whose header must begin with `magic`. */
async function readIdx(path: string, magic: number): Promise<Uint8Array> {
  const bytes = await Deno.readFile(path).catch(async (error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    using file = await Deno.open(`${path}.gz`);
    const unzipped = file.readable.pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(unzipped).arrayBuffer());
  });
  const header = new DataView(bytes.buffer);
  // The last byte of the magic number is the number of dimensions.
  const start = 4 + 4 * (magic & 0xff);
  let expected = start < bytes.length ? 1 : NaN;
  for (let at = 4; at < start; at += 4) expected *= header.getUint32(at);
  if (header.getUint32(0) !== magic || expected !== bytes.length - start) {
    throw new DatasetError(
      `${path} is no complete IDX file with magic number ${magic}`,
    );
  }
  return bytes.subarray(start);
}

async function readSplit(folder: string, name: string): Promise<ImageSplit> {
  const images = await readIdx(join(folder, `${name}-images-idx3-ubyte`), 2051);
  const labels = await readIdx(join(folder, `${name}-labels-idx1-ubyte`), 2049);
  return {
    images: images as Uint8Array<ArrayBuffer>,
    labels: labels as Uint8Array<ArrayBuffer>,
    count: labels.length,
  };
}

/** Training and test images; where a folder has only the latter, parts of it. */
async function load(folder: string | undefined, seed: number) {
  if (folder === undefined) {
    const options = { shape: [28, 28, 1], classes: 10, seed } as const;
    return {
      train: drawSyntheticImages(8000, { ...options, part: 0 }),
      test: drawSyntheticImages(2000, { ...options, part: 1 }),
    };
  }
  const test = await readSplit(folder, "t10k");
  try {
    return { train: await readSplit(folder, "train"), test };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("No train-* files: training on the first 80 % of t10k.");
    const count = Math.floor(0.8 * test.count);
    const part = (from: number, to: number): ImageSplit => ({
      images: test.images.slice(784 * from, 784 * to),
      labels: test.labels.slice(from, to),
      count: to - from,
    });
    return { train: part(0, count), test: part(count, test.count) };
  }
}

function tensors({ images, labels, count }: ImageSplit) {
  return tf.tidy(() => ({
    xs: tf.tensor2d(Float32Array.from(images, (pixel) => pixel / 255), [
      count,
      784,
    ]),
    ys: tf.oneHot(tf.tensor1d(labels, "int32"), 10).toFloat() as tf.Tensor2D,
  }));
}

function createModel(seed: number): tf.LayersModel {
  const kernelInitializer = (offset: number) =>
    tf.initializers.glorotUniform({ seed: seed + offset });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 784,
        activation: "relu",
        inputShape: [784],
        kernelInitializer: kernelInitializer(0),
      }),
      tf.layers.dense({
        units: 10,
        activation: "softmax",
        kernelInitializer: kernelInitializer(1),
      }),
    ],
  });
  model.compile({
    optimizer: tf.train.adam(),
    loss: "categoricalCrossentropy",
    metrics: ["accuracy"],
  });
  return model;
}

async function main(): Promise<number> {
  const { data, epochs, seed, help, ...device } = parseFlags(FLAGS, Deno.args);
  if (help) {
    console.log(
      `Finds the learning rates of a 784-784-10 network on MNIST and trains it.\n\n` +
        `deno run -A examples/mnist.ts [flags]\n\n${describeFlags(FLAGS)}`,
    );
    return 0;
  }
  const { backend, reason } = await selectBackend(device);
  console.log(`${backend}: ${reason}`);
  const { train, test } = await load(data, seed);
  const { xs, ys } = tensors(train);
  const model = createModel(seed);

  const range = await findLearningRate(model, { xs, ys }, {
    batchSize: BATCH_SIZE,
    seed,
  });
  console.log(`\n${range}\n`);
  if (range.verdict !== "good") return 3;

  const batches = Math.ceil(train.count / BATCH_SIZE);
  const clr = CyclicLR.fromRange(range, {
    stepSize: epochs / 2 * batches,
    mode: "triangular2",
  });
  await model.fit(xs, ys, {
    batchSize: BATCH_SIZE,
    epochs,
    verbose: 0,
    callbacks: [clr],
  });

  const held = tensors(test);
  const [loss, accuracy] = model.evaluate(held.xs, held.ys) as tf.Scalar[];
  console.log(
    `Test accuracy ${(100 * (await accuracy.data())[0]).toFixed(2)} %, loss ${
      (await loss.data())[0].toFixed(4)
    } on ${test.count} images after ${clr.totalIterations} iterations (${backend})`,
  );
  return 0;
}

if (import.meta.main) await runCommand(main, [DatasetError]);
