/** Data and a network for each of what the page offers. */

import * as tf from "@tensorflow/tfjs";
import { seededRandom, shuffle } from "@clr/clr/training";
import { drawSyntheticDigits } from "../datasets/synthetic_digits.ts";
import type { BuiltIn, Job } from "./messages.ts";
import { readCsv, type Table } from "./read_csv.ts";

/** What is trained on what. */
export interface Problem {
  readonly summary: string;
  readonly network: string;
  readonly train: { readonly xs: tf.Tensor; readonly ys: tf.Tensor };
  readonly test: { readonly xs: tf.Tensor; readonly ys: tf.Tensor };
  /** Layers from the input to the output. */
  layers(): tf.layers.Layer[];
  /** Classes to tell apart, or undefined for an amount. */
  readonly classes?: number;
}

const SIDE = 28;
/** Of so many rows, one is kept to test with. */
const TEST_EVERY = 5;

/** Numbers from a seed, evenly spread over [−1, 1). */
function evenly(seed: number): () => number {
  const random = seededRandom(seed);
  return () => 2 * random() - 1;
}

/** Of the normal distribution, nearly: the sum of twelve even ones. */
function normally(seed: number): () => number {
  const next = evenly(seed);
  return () => {
    let sum = 0;
    for (let i = 0; i < 12; i++) sum += next();
    return sum / 2;
  };
}

function perceptron(
  width: number,
  units: number,
  outputs: tf.layers.Layer[],
): tf.layers.Layer[] {
  const initial = (seed: number) => tf.initializers.heNormal({ seed });
  const hidden = { units, activation: "relu" as const };
  return [
    tf.layers.dense({
      ...hidden,
      inputShape: [width],
      kernelInitializer: initial(1),
    }),
    tf.layers.dense({ ...hidden, kernelInitializer: initial(2) }),
    ...outputs,
  ];
}

function classifier(classes: number): tf.layers.Layer[] {
  return [tf.layers.dense({
    units: classes,
    activation: "softmax",
    kernelInitializer: tf.initializers.glorotUniform({ seed: 3 }),
  })];
}

/** An amount that begins near the mean, which is 0. */
function amount(): tf.layers.Layer[] {
  return [tf.layers.dense({
    units: 1,
    kernelInitializer: tf.initializers.randomNormal({ stddev: 0.05, seed: 3 }),
  })];
}

function digits(): Problem {
  const part = (count: number, number: number) => {
    const { images, labels } = drawSyntheticDigits(count, {
      shape: [SIDE, SIDE, 1],
      part: number,
    });
    return {
      xs: tf.tensor(
        Float32Array.from(images, (value) => value / 255 - 0.1),
        [count, SIDE, SIDE, 1],
      ),
      ys: tf.oneHot(Int32Array.from(labels), 10),
    };
  };
  const initial = (seed: number) => tf.initializers.heNormal({ seed });
  const window = { kernelSize: 5, strides: 2, activation: "relu" as const };
  return {
    summary: "2,000 drawn digits of 28 × 28 pixels, 10 classes",
    network: "two convolutions and a dense layer",
    train: part(1600, 0),
    test: part(400, 1),
    classes: 10,
    layers: () => [
      tf.layers.conv2d({
        ...window,
        filters: 12,
        inputShape: [SIDE, SIDE, 1],
        kernelInitializer: initial(1),
      }),
      tf.layers.conv2d({
        ...window,
        filters: 24,
        kernelInitializer: initial(2),
      }),
      tf.layers.flatten(),
      ...classifier(10),
    ],
  };
}

/** Three arms that turn around one another. */
function spirals(): Problem {
  const [arms, count] = [3, 1500];
  const place = seededRandom(1);
  const noise = normally(2);
  const features = new Float32Array(2 * count);
  const targets = Float32Array.from({ length: count }, (_, i) => {
    const along = Math.sqrt(place());
    const angle = 2 * Math.PI * ((i % arms) / arms + along);
    features[2 * i] = along * Math.cos(angle) + 0.03 * noise();
    features[2 * i + 1] = along * Math.sin(angle) + 0.03 * noise();
    return i % arms;
  });
  return {
    ...tableProblem({
      features,
      width: 2,
      targets,
      classes: ["1", "2", "3"],
      rows: count,
    }),
    summary: "1,500 points on three spirals, 3 classes",
  };
}

/** A wave in two directions, with noise. */
function curve(): Problem {
  const count = 1500;
  const place = evenly(1);
  const noise = normally(2);
  const features = Float32Array.from({ length: 2 * count }, place);
  const targets = Float32Array.from({ length: count }, (_, i) => {
    const [x, y] = [features[2 * i], features[2 * i + 1]];
    return Math.sin(3 * x) * Math.cos(3 * y) + 0.05 * noise();
  });
  return {
    ...tableProblem({ features, width: 2, targets, rows: count }),
    summary: "1,500 noisy heights of a surface, an amount to predict",
  };
}

/** Each column with mean 0 and variance 1; one that never changes, all 0. */
function standardized(values: Float32Array, width: number): Float32Array {
  const rows = values.length / width;
  const out = new Float32Array(values.length);
  for (let column = 0; column < width; column++) {
    let mean = 0;
    for (let row = 0; row < rows; row++) mean += values[row * width + column];
    mean /= rows;
    let variance = 0;
    for (let row = 0; row < rows; row++) {
      variance += (values[row * width + column] - mean) ** 2 / rows;
    }
    const scale = variance > 0 ? 1 / Math.sqrt(variance) : 0;
    for (let row = 0; row < rows; row++) {
      const at = row * width + column;
      out[at] = (values[at] - mean) * scale;
    }
  }
  return out;
}

function tableProblem(table: Table): Problem {
  const { width, rows, classes } = table;
  const features = standardized(table.features, width);
  const targets = classes ? table.targets : standardized(table.targets, 1);
  const order = Int32Array.from({ length: rows }, (_, i) => i);
  shuffle(order, seededRandom(1));
  const part = (isTest: boolean) => {
    const chosen = [...order].filter((_, i) =>
      (i % TEST_EVERY === 0) === isTest
    );
    const xs = chosen.flatMap((row) => [
      ...features.subarray(row * width, (row + 1) * width),
    ]);
    const ys = chosen.map((row) => targets[row]);
    return {
      xs: tf.tensor2d(xs, [chosen.length, width]),
      ys: classes
        ? tf.oneHot(Int32Array.from(ys), classes.length)
        : tf.tensor2d(ys, [chosen.length, 1]),
    };
  };
  const units = width < 8 ? 32 : 64;
  const count = rows.toLocaleString("en");
  return {
    summary: `${count} rows of ${width} number${width === 1 ? "" : "s"}, ` +
      (classes ? `${classes.length} classes` : "an amount to predict"),
    network: `two layers of ${units} units and the output`,
    train: part(false),
    test: part(true),
    classes: classes?.length,
    layers: () =>
      perceptron(
        width,
        units,
        classes ? classifier(classes.length) : amount(),
      ),
  };
}

const BUILT_IN: { readonly [Name in BuiltIn]: () => Problem } = {
  digits,
  spirals,
  curve,
};

/** What the job is to be done on. */
export function createProblem(data: Job["data"]): Problem {
  return typeof data === "string"
    ? BUILT_IN[data]()
    : tableProblem(readCsv(data.text));
}
