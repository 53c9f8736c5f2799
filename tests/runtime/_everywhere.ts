/**
 * One program for every runtime: a range test, cyclic training, charts and an
 * export, by the names that are published. It gives all that may be compared.
 * Its data come of whole numbers, as engines differ in the last bit of `Math.log`.
 */

import * as tf from "@tensorflow/tfjs";
import {
  CyclicLR,
  findLearningRate,
  type FindLearningRateOptions,
} from "@clr/clr";
import {
  preflight,
  selectBackend,
  type SelectBackendOptions,
} from "@clr/clr/backends";
import { metricDirection } from "@clr/clr/metrics";
import { toOnnx } from "@clr/clr/onnx";
import { historyChart, rangeChart, toSvg } from "@clr/clr/plots";
import { cosine, warmup } from "@clr/clr/schedules";
import { seededRandom } from "@clr/clr/training";

const SIDE = 8;
const CLASSES = 3;

/** What came of it, as data. */
export interface Outcome {
  readonly backend: string;
  readonly device: string;
  readonly threads: number;
  readonly reason: string;
  readonly kernels: readonly string[];
  readonly verdict: string;
  readonly bounds: readonly (number | undefined)[];
  readonly losses: readonly number[];
  readonly rates: readonly number[];
  readonly trained: readonly number[];
  readonly schedule: readonly number[];
  readonly better: string | undefined;
  readonly charts: readonly string[];
  readonly onnx: string;
}

async function digest(data: string | Uint8Array): Promise<string> {
  const bytes = typeof data === "string"
    ? new TextEncoder().encode(data)
    : data;
  const sum = await crypto.subtle.digest("SHA-256", new Uint8Array(bytes));
  return Array.from(new Uint8Array(sum), (byte) => byte.toString(16)).join("");
}

/** Images of noise with a brighter place, which is their class. */
function images(count: number): { xs: tf.Tensor; ys: tf.Tensor } {
  const random = seededRandom(1);
  const pixels = Float32Array.from(
    { length: count * SIDE * SIDE },
    () => random() - 0.5,
  );
  const labels = Int32Array.from({ length: count }, (_, i) => i % CLASSES);
  labels.forEach((label, i) => {
    for (let k = 0; k < SIDE; k++) pixels[(i * SIDE + 2 + label) * SIDE + k]++;
  });
  return {
    xs: tf.tensor(pixels, [count, SIDE, SIDE, 1]),
    ys: tf.oneHot(labels, CLASSES),
  };
}

function network(): tf.LayersModel {
  const drawn = (seed: number) => tf.initializers.glorotUniform({ seed });
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        filters: 8,
        kernelSize: 3,
        activation: "relu",
        padding: "same",
        inputShape: [SIDE, SIDE, 1],
        kernelInitializer: drawn(1),
      }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: CLASSES, kernelInitializer: drawn(2) }),
      tf.layers.softmax(),
    ],
  });
  model.compile({
    optimizer: tf.train.momentum(0.001, 0.9),
    loss: "categoricalCrossentropy",
    metrics: ["accuracy"],
  });
  return model;
}

/**
 * Runs the program on the backend of `options`.
 *
 * @param test Of the range test, where its defaults take too long.
 */
export async function everywhere(
  options: SelectBackendOptions = {},
  test: Pick<FindLearningRateOptions, "iterations" | "repeats"> = {},
): Promise<Outcome> {
  const { backend, device, threads, reason } = await selectBackend(options);
  const { xs, ys } = images(384);
  const model = network();
  const { kernels } = await preflight(model);
  const range = await findLearningRate(model, { xs, ys }, {
    batchSize: 32,
    ...test,
  });
  const clr = CyclicLR.fromRange(range, { stepSize: 12 });
  await model.fit(xs, ys, {
    batchSize: 32,
    epochs: 3,
    shuffle: false,
    verbose: 0,
    callbacks: [clr],
  });
  const decay = warmup(
    cosine({ startLr: 0.1, endLr: 0, iterations: 50 }),
    { iterations: 5 },
  );
  const font = { embedFont: false };
  return {
    backend,
    device,
    threads,
    reason,
    kernels,
    verdict: range.verdict,
    bounds: [range.baseLr, range.maxLr],
    losses: range.losses,
    rates: clr.history.lr,
    trained: clr.history.loss,
    schedule: Array.from({ length: 60 }, (_, i) => decay(i)),
    better: metricDirection("acc"),
    charts: await Promise.all([
      toSvg(rangeChart(range), font).then(digest),
      toSvg(historyChart(clr), font).then(digest),
    ]),
    onnx: await digest(await toOnnx(model)),
  };
}
