import { type PaperRow, TENTH } from "./_row.ts";

const miniGoogLeNet = {
  model: "minigooglenet",
  optimizer: "momentum",
  batchSize: 64,
} as const;

/** The rows of the tutorials. */
export const TUTORIALS: readonly PaperRow[] = [
  ...(["triangular", "triangular2"] as const).map((mode): PaperRow => ({
    ...miniGoogLeNet,
    id: `tutorial-cifar10-${mode}`,
    where: "Rosebrock 2019, cyclical learning rates",
    dataset: "cifar10",
    rate: {
      policy: mode,
      baseLr: 1e-7,
      maxLr: 0.01,
      stepSize: 8 * 781,
    },
    // 96 epochs, six cycles.
    iterations: 96 * 781,
    published: mode === "triangular" ? 92 : 90,
  })),
  {
    ...miniGoogLeNet,
    id: "tutorial-fashion_mnist-triangular",
    where: "Rosebrock 2019, learning rate finder",
    dataset: "fashion_mnist",
    rate: {
      policy: "triangular",
      baseLr: 1e-5,
      maxLr: 0.01,
      stepSize: 8 * 937,
    },
    // 48 epochs, three cycles.
    iterations: 48 * 937,
    published: 95,
  },
  {
    id: "tutorial-mnist-fixed",
    where: "Paul 2018, introduction",
    dataset: "mnist",
    model: "mnist_perceptron",
    optimizer: "adam",
    rate: { policy: "fixed", lr: 0.001 },
    iterations: 3_000,
    batchSize: 200,
    published: 98.09,
  },
  {
    id: "tutorial-mnist-triangular",
    where: "Paul 2018, introduction",
    dataset: "mnist",
    model: "mnist_perceptron",
    optimizer: "adam",
    continues: "tutorial-mnist-fixed",
    rate: {
      policy: "triangular",
      baseLr: 0.001,
      maxLr: 0.006,
      stepSize: 2_000,
    },
    iterations: 300,
    batchSize: 2_000,
    published: 98.36,
    note:
      "goes on with the network that the row before has trained, in batches ten times as large and on a rate that comes no further than 0.0018: what its source calls half the time is that of other batches, and says nothing of cycles",
  },
];

/** Fair comparisons of the kind that a source leaves open. */
export const OWN: readonly PaperRow[] = [
  {
    id: "own-mnist-triangular",
    where: "beside Paul 2018",
    dataset: "mnist",
    model: "mnist_perceptron",
    optimizer: "adam",
    rate: {
      policy: "triangular",
      baseLr: 0.0001,
      maxLr: 0.002,
      stepSize: 250,
    },
    iterations: 1_500,
    batchSize: 200,
    note:
      "to be compared with tutorial-mnist-fixed, from the same start in the same batches: at the same iteration, not at the end; the bounds are chosen here",
  },
];

const small = {
  ...miniGoogLeNet,
  model: "minigooglenet_small",
  dataset: "cifar10",
  iterations: 96 * 781,
} as const;

/**
 * The tutorials' MiniGoogLeNet at a quarter of its width on images of half the
 * size, with what they leave out: a fixed rate, and one that drops.
 */
export const SMALL_TUTORIAL: readonly PaperRow[] = [
  {
    ...small,
    id: "minigooglenet-fixed",
    where: "beside tutorial-cifar10-triangular",
    rate: { policy: "fixed", lr: 0.01 },
  },
  ...TUTORIALS.filter(({ id }) => id.startsWith("tutorial-cifar10-"))
    .map(({ id, rate }): PaperRow => ({
      ...small,
      id: id.replace("tutorial-cifar10", "minigooglenet"),
      where: `beside ${id}`,
      rate,
    })),
  ...[0.003, 0.01, 0.03, 0.1].map((lr): PaperRow => ({
    ...small,
    id: `minigooglenet-step-${lr}`,
    where: "a control",
    control: true,
    rate: {
      policy: "fixed",
      lr,
      drops: [48, 72].map((epoch) => ({ at: epoch * 781, factor: TENTH })),
    },
  })),
];
