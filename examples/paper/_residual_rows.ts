import { type PaperRow, TENTH } from "./_row.ts";

interface ResidualFamily {
  readonly model: "resnet" | "stochastic_depth" | "densenet";
  readonly name: string;
  readonly batchSize: number;
  readonly epochs: number;
  readonly trainImages: number;
  /** Epochs after which the authors divide the rate by ten. */
  readonly drops: readonly number[];
  /** The upper bound of the cyclic line, and the published figures. */
  readonly maxLr: readonly [cifar10: number, cifar100: number];
  readonly cifar10: readonly number[];
  readonly cifar100: readonly number[];
  readonly note: string;
}

/** Table 4: rates 0.1, 0.2 and 0.3, then cyclic, each an average of five runs. */
function residual(family: ResidualFamily): PaperRow[] {
  const { model, batchSize, epochs, trainImages } = family;
  const batchesPerEpoch = Math.ceil(trainImages / batchSize);
  const drops = family.drops.map((epoch) => ({
    at: epoch * batchesPerEpoch,
    factor: TENTH,
  }));
  const iterations = epochs * batchesPerEpoch;
  return (["cifar10", "cifar100"] as const).flatMap((dataset, d) =>
    family[dataset].map((published, i): PaperRow => ({
      id: `table4-${family.name}-${dataset}-${i < 3 ? `0.${i + 1}` : "clr"}`,
      where: "Table 4",
      dataset,
      model,
      optimizer: "nesterov",
      rate: i < 3 ? { policy: "fixed", lr: (i + 1) / 10, drops } : {
        policy: "triangular",
        baseLr: 0.1,
        maxLr: family.maxLr[d],
        // A cycle is a tenth of the training.
        stepSize: iterations / 20,
        drops,
      },
      iterations,
      batchSize,
      trainImages: trainImages === 50_000 ? undefined : trainImages,
      published,
      note: family.note,
    }))
  );
}

/** Table 4: residual networks. */
export const TABLE_4: readonly PaperRow[] = [
  ...residual({
    model: "resnet",
    name: "resnet",
    batchSize: 128,
    epochs: 164,
    trainImages: 50_000,
    drops: [81, 122],
    maxLr: [0.3, 0.3],
    cifar10: [92.8, 93.3, 91.8, 93.6],
    cifar100: [71.2, 71.6, 71.9, 72.5],
    note: "the paper does not give the depth: 56; schedule of fb.resnet.torch",
  }),
  ...residual({
    model: "stochastic_depth",
    name: "sd",
    batchSize: 128,
    epochs: 500,
    trainImages: 45_000,
    drops: [250, 375],
    maxLr: [0.3, 0.3],
    cifar10: [94.6, 94.5, 94.2, 94.5],
    cifar100: [75.2, 75.2, 74.6, 75.4],
    note:
      "110 layers, as the authors' code; their 5,000 validation images are left out",
  }),
  ...residual({
    model: "densenet",
    name: "densenet",
    batchSize: 64,
    epochs: 300,
    trainImages: 50_000,
    drops: [150, 225],
    maxLr: [0.2, 0.2],
    cifar10: [94.5, 94.5, 94.2, 94.9],
    cifar100: [75.2, 75.3, 74.5, 75.9],
    note: "the paper does not give the size: 40 layers, growth 12",
  }),
];

/** Section 4.1.2: averages of five runs in Caffe, given in the text alone. */
export const SECTION_4: readonly PaperRow[] = ([
  ["0.1", 91.67],
  ["0.2", 92.17],
  ["0.3", 92.46],
  ["clr", 93.33],
] as const).map(([name, published]): PaperRow => {
  const drops = [115_000, 172_500].map((at) => ({ at, factor: TENTH }));
  return {
    id: `section4-densenet-${name}`,
    where: "section 4.1.2",
    dataset: "cifar10",
    model: "densenet",
    optimizer: "nesterov",
    rate: name === "clr"
      ? {
        policy: "triangular",
        baseLr: 0.1,
        maxLr: 0.3,
        stepSize: 11_500,
        drops,
      }
      : { policy: "fixed", lr: Number(name), drops },
    iterations: 230_000,
    batchSize: 64,
    published,
    note:
      "length and drops of DenseNetCaffe's solver.prototxt; that a cycle is a tenth of it is said of Table 4's runs; our network has no dropout",
  };
});
