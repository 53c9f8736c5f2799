import * as tf from "@tensorflow/tfjs";
import { findLearningRate, type TensorPair, type TrainingData } from "@clr/clr";
import {
  borrowMathRandom,
  type Random,
  seededRandom,
} from "../../../src/runtime/random.ts";
import { normal, shuffled, times } from "./problems/_data.ts";

interface Example {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** A problem that no rate can mend, and the word for what is wrong. */
interface Spoiled {
  readonly name: string;
  /** What advice must say to name the cause. */
  readonly cause: RegExp;
  find(random: Random): Promise<{ verdict: string; advice: string }>;
}

/** Three classes with means apart, in order of their class. */
function classes(random: Random, count = 600): Example[] {
  return times(count, (i) => {
    const kind = Math.floor(3 * i / count);
    return {
      x: times(4, (k) => normal(random) + (k === kind ? 2 : 0)),
      y: times(3, (k) => k === kind ? 1 : 0),
    };
  });
}

/** Examples with each other's labels. */
function mismatched(random: Random): TensorPair {
  const examples = classes(random);
  const labels = shuffled(examples.map(({ y }) => y), random);
  return tensors(examples.map(({ x }, i) => ({ x, y: labels[i] })));
}

/** Sums of inputs, in order of the sum. */
function sums(random: Random, count = 600): Example[] {
  return times(count, () => {
    const x = times(4, () => normal(random));
    return { x, y: [x[0] - x[1] + 0.5 * x[2] + 5] };
  }).sort((a, b) => a.y[0] - b.y[0]);
}

function tensors(examples: readonly Example[]): TensorPair {
  return {
    xs: tf.tensor2d(examples.map(({ x }) => [...x])),
    ys: tf.tensor2d(examples.map(({ y }) => [...y])),
  };
}

function* batches(examples: readonly Example[], size = 10) {
  for (let at = 0; at + size <= examples.length; at += size) {
    yield tensors(examples.slice(at, at + size));
  }
}

function dataset(examples: readonly Example[]): TrainingData {
  return tf.data.zip({
    xs: tf.data.array(examples.map(({ x }) => [...x])),
    ys: tf.data.array(examples.map(({ y }) => [...y])),
  } as never).batch(10) as unknown as TrainingData;
}

function network(
  options: {
    readonly outputs?: number;
    readonly activation?: "softmax" | "linear" | "sigmoid";
    readonly loss?: string;
    readonly bias?: number;
    readonly penalty?: number;
  } = {},
): tf.Sequential {
  const { outputs = 3, activation = "softmax", bias = 0, penalty } = options;
  const regularized = () =>
    penalty === undefined
      ? {}
      : { kernelRegularizer: tf.regularizers.l2({ l2: penalty }) };
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 16,
        activation: "relu",
        inputShape: [4],
        biasInitializer: tf.initializers.constant({ value: bias }),
        ...regularized(),
      }),
      tf.layers.dense({ units: outputs, activation, ...regularized() }),
    ],
  });
  const { loss = "categoricalCrossentropy" } = options;
  model.compile({ optimizer: "adam", loss });
  return model;
}

const REGRESSION = {
  outputs: 1,
  activation: "linear",
  loss: "meanSquaredError",
} as const;

/** Every element of one example replaced. */
function withNaN(
  examples: readonly Example[],
  part: "x" | "y",
  at: number,
): Example[] {
  return examples.map((example, i) =>
    i === at ? { ...example, [part]: example[part].map(() => NaN) } : example
  );
}

function spoil(
  name: string,
  cause: RegExp,
  make: (random: Random) => {
    model: tf.LayersModel;
    data: TrainingData;
    options?: { batchSize?: number; metric?: string };
  } | Promise<{ model: tf.LayersModel; data: TrainingData }>,
): Spoiled {
  return {
    name,
    cause,
    async find(random) {
      const { model, data, options } = {
        options: {},
        ...await make(random),
      };
      const { verdict, advice } = await findLearningRate(model, data, options);
      return { verdict, advice };
    },
  };
}

/** What people get wrong before they look for a rate. */
export const SPOILED: readonly Spoiled[] = [
  spoil("classes in order, a Dataset", /shuffle/, (random) => ({
    model: network(),
    data: dataset(classes(random, 150)),
  })),
  spoil("targets in order, a generator", /shuffle/, (random) => {
    const examples = sums(random);
    return { model: network(REGRESSION), data: () => batches(examples) };
  }),
  spoil("classes in order, a small shuffle buffer", /shuffle/, (random) => {
    const examples = classes(random);
    const nearly = times(
      30,
      (k) => shuffled(examples.slice(20 * k, 20 * k + 20), random),
    ).flat();
    return { model: network(), data: dataset(nearly) };
  }),
  spoil("one NaN among the inputs", /in xs/, (random) => ({
    model: network(),
    data: tensors(withNaN(shuffled(classes(random), random), "x", 40)),
  })),
  spoil("one NaN among the labels", /in ys/, (random) => ({
    model: network(),
    data: tensors(withNaN(shuffled(classes(random), random), "y", 40)),
  })),
  spoil("one NaN late in a Dataset", /in ys of batch/, (random) => ({
    model: network(),
    data: dataset(withNaN(shuffled(classes(random), random), "y", 350)),
  })),
  spoil("labels shuffled", /shuffled/, (random) => ({
    model: network(),
    data: mismatched(random),
  })),
  spoil("labels shuffled, weights penalized", /shuffled/, (random) => ({
    model: network({ penalty: 0.05 }),
    data: mismatched(random),
  })),
  spoil("labels all the same", /targets are the same/, (random) => ({
    model: network(),
    data: tensors(classes(random).map(({ x }) => ({ x, y: [0, 1, 0] }))),
  })),
  spoil("a frozen network", /trainable/, (random) => {
    const model = network();
    for (const layer of model.layers) layer.trainable = false;
    model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
    return { model, data: tensors(shuffled(classes(random), random)) };
  }),
  spoil("units that are all dead", /dead/, (random) => ({
    model: network({ bias: -100 }),
    data: tensors(shuffled(classes(random), random)),
  })),
  spoil("a loss of probabilities on linear outputs", /softmax/, (random) => ({
    model: network({ activation: "linear" }),
    data: tensors(shuffled(classes(random), random)),
  })),
  spoil("targets that a sigmoid cannot reach", /linear/, (random) => ({
    model: network({ ...REGRESSION, activation: "sigmoid" }),
    data: tensors(sums(random).map(({ x, y }) => ({ x, y: [20 * y[0]] }))),
  })),
  spoil("a batch larger than the data", /batchSize/, (random) => ({
    model: network(),
    data: tensors(shuffled(classes(random, 60), random)),
    options: { batchSize: 200 },
  })),
  spoil("a metric that is not a number", /metric/, (random) => {
    const model = network();
    const broken = () => tf.tidy(() => tf.scalar(0).div(0));
    model.compile({
      optimizer: "adam",
      loss: "categoricalCrossentropy",
      metrics: [Object.defineProperty(broken, "name", { value: "broken_acc" })],
    });
    return {
      model,
      data: tensors(shuffled(classes(random), random)),
      options: { metric: "broken_acc" },
    };
  }),
  spoil("a network that is trained already", /optimum/, async (random) => {
    const model = network();
    const data = tensors(shuffled(classes(random), random));
    await model.fit(data.xs as tf.Tensor, data.ys as tf.Tensor, {
      epochs: 60,
      batchSize: 32,
      verbose: 0,
    });
    return { model, data };
  }),
];

/** What the finder says of a spoiled problem. */
export interface SpoiledResult {
  readonly verdict: string;
  readonly advice: string;
  /** Whether the advice, or the error, names the cause. */
  readonly isNamed: boolean;
}

/** Runs the finder on a spoiled problem. */
export async function judgeSpoiled(
  { cause, find }: Spoiled,
  seed: number,
): Promise<SpoiledResult> {
  using _ = borrowMathRandom(seededRandom(seed * 31 + 7));
  tf.engine().startScope();
  try {
    const { verdict, advice } = await find(seededRandom(seed));
    return { verdict, advice, isNamed: cause.test(advice) };
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) {
      throw error;
    }
    const { message } = error;
    return {
      verdict: "refused",
      advice: message,
      isNamed: cause.test(message),
    };
  } finally {
    tf.engine().endScope();
  }
}
