/**
 * The results of L. N. Smith, "Cyclical Learning Rates for Training Neural
 * Networks" (arXiv 1506.01186) and of the tutorials after it, as data. The
 * paper's rows are those of its version 6, of April 2017, table by table.
 */

import { meantName } from "@clr/clr/command";
import type { Rate } from "./rate.ts";
import type { DatasetName } from "./datasets.ts";
import type { ModelName } from "./models.ts";
import type { SolverName } from "./solvers.ts";

/** One line of a table or one curve of a figure. */
export interface PaperRow {
  /** What `--row` takes. */
  readonly id: string;
  /** Where the figure stands, such as "Table 1, Figure 4". */
  readonly where: string;
  readonly dataset: DatasetName;
  readonly model: ModelName;
  readonly optimizer: SolverName;
  readonly rate: Rate;
  readonly iterations: number;
  readonly batchSize: number;
  /** The row whose trained network it begins with, where not with a new one. */
  readonly continues?: string;
  /** The network's L2 penalty, where not its own. */
  readonly weightDecay?: number;
  /** Trains on the first so many images, where not on all. */
  readonly trainImages?: number;
  /** Test accuracy in percent, as published; undefined where none was. */
  readonly published?: number;
  /** What the source leaves open, or is done differently here. */
  readonly note?: string;
  /** Whether others of its table are to be compared with it. */
  readonly control?: true;
}

const TENTH = 0.1;

/** Caffe's solver for its full network: two drops by ten before the end. */
const CAFFE_FIXED: Rate = {
  policy: "fixed",
  lr: 0.001,
  drops: [{ at: 60_000, factor: TENTH }, { at: 65_000, factor: TENTH }],
};

/** Table 2: three stages, each a tenth of the one before. */
const TABLE_2: Rate = {
  policy: "stages",
  stages: [
    { until: 16_000, from: [0.001, 0.005], stepSize: 2_000 },
    { until: 22_000, from: [0.0001, 0.0005], stepSize: 1_000 },
    { until: 25_000, from: [0.00001, 0.00005], stepSize: 500 },
  ].map(({ until, from: [baseLr, maxLr], stepSize }) => ({
    until,
    rate: { policy: "triangular2", baseLr, maxLr, stepSize },
  })),
};

const caffe = {
  dataset: "cifar10",
  model: "cifar10_full",
  optimizer: "momentum",
  batchSize: 100,
} as const;

const TABLE_1: readonly PaperRow[] = [
  {
    ...caffe,
    id: "table1-fixed",
    where: "Table 1, Figure 1",
    rate: CAFFE_FIXED,
    iterations: 70_000,
    published: 81.4,
  },
  {
    ...caffe,
    id: "table1-triangular2",
    where: "Table 1, Table 2, Figure 1",
    rate: TABLE_2,
    iterations: 25_000,
    published: 81.4,
    note: "the cycles that triangular2 halves are counted within each stage",
  },
  {
    ...caffe,
    id: "table1-triangular",
    where: "sections 3.1 and 4.1.1",
    rate: {
      policy: "triangular",
      baseLr: 0.001,
      maxLr: 0.006,
      stepSize: 2_000,
    },
    iterations: 24_000,
    note: "the text's bounds; the paper gives no final figure for it",
  },
  {
    ...caffe,
    id: "table1-decay",
    where: "Table 1",
    rate: { policy: "decay", baseLr: 0.001, maxLr: 0.007, stepSize: 4_000 },
    iterations: 25_000,
    published: 78.5,
  },
  {
    ...caffe,
    id: "table1-exp",
    where: "Table 1, Figure 4",
    rate: { policy: "exp", baseLr: 0.001, gamma: 0.99994 },
    iterations: 70_000,
    published: 79.1,
    note: "the paper does not give the first rate: that of the fixed row",
  },
  {
    ...caffe,
    id: "table1-exp_range",
    where: "Table 1, Figure 4",
    rate: {
      policy: "exp_range",
      baseLr: 0.001,
      maxLr: 0.006,
      stepSize: 2_000,
      gamma: 0.99994,
    },
    iterations: 42_000,
    published: 82.2,
    note:
      "both bounds decline, as section 3.1 says; in Keras and PyTorch only the upper one does",
  },
];

/** Section 3: what the text says of windows, lengths and the range test. */
const SECTION_3: readonly PaperRow[] = [
  ...(["welch", "hann"] as const).map((waveform): PaperRow => ({
    ...caffe,
    id: `section3-${waveform}`,
    where: "section 3.1",
    rate: {
      policy: "triangular",
      baseLr: 0.001,
      maxLr: 0.006,
      stepSize: 2_000,
      waveform,
    },
    iterations: 24_000,
    note:
      "to be compared with table1-triangular: the paper calls the windows equivalent and gives no figures",
  })),
  ...[2, 8].map((epochs): PaperRow => ({
    ...caffe,
    id: `section3-step-${epochs}`,
    where: "section 3.2",
    rate: {
      policy: "triangular",
      baseLr: 0.001,
      maxLr: 0.006,
      stepSize: epochs * 500,
    },
    iterations: 24_000,
    note:
      "the paper calls a step size of 8 epochs only slightly better than one of 2 and gives no figures; 24,000 iterations are whole cycles of both",
  })),
  ...[3, 4].map((cycles): PaperRow => ({
    ...caffe,
    id: `section3-cycles-${cycles}`,
    where: "section 3.2",
    rate: {
      policy: "triangular",
      baseLr: 0.001,
      maxLr: 0.006,
      stepSize: 2_000,
    },
    iterations: cycles * 4_000,
    note:
      "3 cycles lead most of the way and 4 or more further, the paper says, without figures",
  })),
  {
    ...caffe,
    id: "figure3-range_test",
    where: "section 3.3, Figure 3",
    rate: {
      policy: "range_test",
      baseLr: 0,
      maxLr: 0.02,
      iterations: 4_000,
    },
    iterations: 4_000,
    note:
      "a curve of accuracy over the rate, 8 epochs long, from which the text reads 0.001 and 0.006; that it ends at 0.02 is read off its axis",
  },
];

/** Rows on ImageNet, whose images a person must have. */
function imageNet(
  model: "alexnet" | "googlenet",
  batchSize: number,
  rows: readonly [
    policy: string,
    rate: Rate,
    iterations: number,
    published: number,
    note?: string,
  ][],
): PaperRow[] {
  return rows.map(([policy, rate, iterations, published, note]) => ({
    id: `table1-${model}-${policy}`,
    where: "Table 1",
    dataset: "imagenet",
    model,
    optimizer: "momentum",
    rate,
    iterations,
    batchSize,
    published,
    note,
  }));
}

const STAGES =
  "trained in stages whose lengths the paper does not give; here in one";

const IMAGENET: readonly PaperRow[] = [
  ...imageNet("alexnet", 256, [
    [
      "fixed",
      {
        policy: "fixed",
        lr: 0.01,
        drops: [100_000, 200_000, 300_000].map((at) => ({ at, factor: TENTH })),
      },
      400_000,
      58.0,
    ],
    [
      "triangular2",
      {
        policy: "triangular2",
        baseLr: 0.01,
        maxLr: 0.015,
        stepSize: 30_000,
        drops: [100_000, 200_000, 300_000].map((at) => ({ at, factor: TENTH })),
      },
      400_000,
      58.4,
    ],
    [
      "exp-300k",
      { policy: "exp", baseLr: 0.01, gamma: 0.999995 },
      300_000,
      56.0,
    ],
    [
      "exp-460k",
      { policy: "exp", baseLr: 0.01, gamma: 0.999995 },
      460_000,
      56.5,
    ],
    [
      "exp_range",
      {
        policy: "exp_range",
        baseLr: 0.006,
        maxLr: 0.014,
        stepSize: 30_000,
        gamma: 0.999995,
      },
      300_000,
      56.5,
    ],
  ]),
  ...imageNet("googlenet", 128, [
    ["fixed", { policy: "fixed", lr: 0.01 }, 420_000, 63.0, STAGES],
    [
      "triangular2",
      {
        policy: "triangular2",
        baseLr: 0.01,
        maxLr: 0.026,
        stepSize: 30_000,
      },
      420_000,
      64.4,
      STAGES,
    ],
    ["exp", { policy: "exp", baseLr: 0.01, gamma: 0.99998 }, 240_000, 58.2],
    [
      "exp_range",
      {
        policy: "exp_range",
        baseLr: 0.01,
        maxLr: 0.026,
        stepSize: 30_000,
        gamma: 0.99998,
      },
      240_000,
      60.2,
    ],
  ]),
];

/** Table 3: the bounds stand below each method's name; "fixed" is the lower one. */
function adaptive(
  { optimizer, where, baseLr, maxLr }: {
    readonly optimizer: SolverName;
    readonly where: string;
    readonly baseLr: number;
    readonly maxLr: number;
  },
  rows: readonly [
    name: string,
    iterations: number,
    published: number,
  ][],
): PaperRow[] {
  return rows.map(([name, iterations, published]) => ({
    ...caffe,
    id: `table3-${optimizer.replace("caffe_", "")}-${name}`,
    where,
    optimizer,
    rate: name === "fixed"
      ? { policy: "fixed", lr: baseLr }
      : { policy: "triangular", baseLr, maxLr, stepSize: 2_000 },
    iterations,
    published,
    note: "the paper does not give the step size: that of section 4.1.1",
  }));
}

const TABLE_3: readonly PaperRow[] = [
  ...adaptive({
    optimizer: "nesterov",
    where: "Table 3, Figure 5",
    baseLr: 0.001,
    maxLr: 0.006,
  }, [
    ["fixed", 70_000, 82.1],
    ["triangular", 25_000, 81.3],
  ]),
  ...adaptive({
    optimizer: "caffe_adam",
    where: "Table 3, Figure 5",
    baseLr: 0.0005,
    maxLr: 0.002,
  }, [
    ["fixed", 70_000, 81.4],
    ["triangular-25k", 25_000, 79.8],
    ["triangular-70k", 70_000, 81.1],
  ]),
  ...adaptive({
    optimizer: "caffe_rmsprop",
    where: "Table 3",
    baseLr: 0.0001,
    maxLr: 0.0003,
  }, [
    ["fixed", 70_000, 75.2],
    ["triangular-25k", 25_000, 72.8],
    ["triangular-70k", 70_000, 75.1],
  ]),
  ...adaptive({
    optimizer: "caffe_adagrad",
    where: "Table 3",
    baseLr: 0.003,
    maxLr: 0.035,
  }, [
    ["fixed", 70_000, 74.6],
    ["triangular", 25_000, 76.0],
  ]),
  ...adaptive({
    optimizer: "caffe_adadelta",
    where: "Table 3",
    baseLr: 0.01,
    maxLr: 0.1,
  }, [
    ["fixed", 70_000, 67.3],
    ["triangular", 25_000, 67.3],
  ]),
];

const sigmoid = {
  where: "Figure 6",
  dataset: "cifar10",
  model: "cifar10_full_sigmoid",
  optimizer: "momentum",
  iterations: 60_000,
  batchSize: 111,
} as const;

const TRAINING_ACCURACY =
  "the paper calls its figure training accuracy; measured here on the test images";

const FIGURE_6: readonly PaperRow[] = [
  {
    ...sigmoid,
    id: "figure6-fixed",
    rate: { policy: "fixed", lr: 0.001 },
    published: 60.8,
    note: TRAINING_ACCURACY,
  },
  {
    ...sigmoid,
    id: "figure6-triangular",
    rate: {
      policy: "triangular",
      baseLr: 0.001,
      maxLr: 0.006,
      stepSize: 2_000,
    },
    published: 72.2,
    note:
      `${TRAINING_ACCURACY}; it does not give the bounds: those of section 4.1.1`,
  },
];

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

const TABLE_4: readonly PaperRow[] = [
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
const SECTION_4: readonly PaperRow[] = ([
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

/** CIFAR-10 in batches of 125 on each of eight GPUs. */
const superConvergence = {
  dataset: "cifar10",
  model: "resnet",
  optimizer: "momentum",
  batchSize: 1_000,
} as const;

/** Super-convergence: one cycle up to rates that are far too high to stay at. */
const SUPER_CONVERGENCE: readonly PaperRow[] = [
  { where: "Figure 1a", images: undefined, fixed: 91.2, cycle: 92.4 },
  { where: "Table 1", images: 10_000, fixed: 71.4, cycle: 80.6 },
].flatMap(({ where, images, fixed, cycle }): PaperRow[] => {
  const common = {
    ...superConvergence,
    where: `${where} of Smith and Topin 2017 (1708.07120)`,
    trainImages: images,
    note:
      "solvers and batch are those of the authors' repository; our ResNet-56 is fb.resnet.torch's, and its images are shifted as well as mirrored",
  };
  const suffix = images === undefined ? "" : `-${images / 1_000}k_images`;
  return [{
    ...common,
    id: `super-fixed${suffix}`,
    rate: {
      policy: "fixed",
      lr: 0.35,
      drops: [50_000, 70_000].map((at) => ({ at, factor: TENTH })),
    },
    iterations: 80_000,
    published: fixed,
  }, {
    ...common,
    id: `super-cycle${suffix}`,
    rate: { policy: "triangular", baseLr: 0.1, maxLr: 3, stepSize: 5_000 },
    iterations: 10_000,
    published: cycle,
  }];
});

/** 1cycle with a cyclical momentum. */
const ONE_CYCLE: readonly PaperRow[] = ([
  ["resnet", "cifar100", [0.1, 0.5], 12, 25, 65.4],
  ["resnet", "cifar100", [0.1, 0.5], 23, 50, 66.4],
  ["resnet", "cifar100", [0.09, 0.9], 45, 100, 69.0],
] as const).map(
  ([model, dataset, [baseLr, maxLr], step, epochs, published]): PaperRow => ({
    id: `onecycle-${dataset}-${epochs}`,
    where: "section 5.4 of Smith 2018 (1803.09820)",
    dataset,
    model,
    optimizer: "nesterov",
    rate: {
      policy: "one_cycle",
      baseLr,
      maxLr,
      stepSize: step * 98,
      iterations: epochs * 98,
      momentum: { base: 0.85, max: 0.95 },
    },
    iterations: epochs * 98,
    batchSize: 512,
    published,
    note:
      "lengths are given in epochs, 98 batches of 512; the rate falls to a ten-thousandth in what is left after the cycle, where the text says several orders of magnitude",
  }),
);

const miniGoogLeNet = {
  model: "minigooglenet",
  optimizer: "momentum",
  batchSize: 64,
} as const;

const TUTORIALS: readonly PaperRow[] = [
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

/** Ways to schedule a rate, on the network of section 4.1, each as long as the others. */
const SCHEDULES: readonly PaperRow[] = ([
  ["fixed", { policy: "fixed", lr: 0.001 }],
  [
    "triangular2",
    { policy: "triangular2", baseLr: 0.001, maxLr: 0.006, stepSize: 250 },
  ],
  [
    "cosine",
    { policy: "cosine", maxLr: 0.006, warmup: 100, iterations: 1_000 },
  ],
  [
    "plateau",
    { policy: "plateau", lr: 0.006, factor: 0.3, threshold: 0.02 },
  ],
  [
    "one_cycle",
    { policy: "one_cycle", maxLr: 0.002, iterations: 1_000 },
  ],
] as const).map(([name, rate]): PaperRow => ({
  id: `schedules-${name}`,
  where: "of our own",
  dataset: "cifar10",
  model: "cifar10_quick",
  rate,
  iterations: 1_000,
  batchSize: 100,
  ...(name === "one_cycle"
    ? {
      optimizer: "adam_w",
      weightDecay: 0,
      note:
        "AdamW with its decay of 0.01 in place of the L2 penalty; the upper bound is that of Table 3 for Adam, the others' that of section 4.1.1",
    }
    : { optimizer: "momentum" }),
}));

/** Fair comparisons of the kind that a source leaves open. */
const OWN: readonly PaperRow[] = [
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
  ...caffe,
  model: "cifar10_quick_small",
} as const;

/** The rates that a search for the best fixed one tries. */
const SEARCHED_RATES = [0.001, 0.002, 0.004, 0.008, 0.016];

/** A fixed rate that drops where Caffe's does, in a training of `iterations`. */
function dropping(lr: number, iterations: number): Rate {
  return {
    policy: "fixed",
    lr,
    drops: [60_000, 65_000].map((at) => ({
      at: Math.round(at / 70_000 * iterations),
      factor: TENTH,
    })),
  };
}

/**
 * Table 1 on a network that a processor trains in minutes, with the controls
 * without which nothing follows from it: the best fixed rate of a grid, and
 * rates that only fall.
 */
const SMALL: readonly PaperRow[] = [
  ...[...TABLE_1, ...SECTION_3].map((row): PaperRow => ({
    ...row,
    ...small,
    id: row.id.replace(familyOf(row.id), "small"),
    where: `beside ${row.id}`,
    published: undefined,
  })),
  ...SEARCHED_RATES.map((lr): PaperRow => ({
    ...small,
    id: `small-step-${lr}-25k`,
    where: "a control",
    control: true,
    rate: dropping(lr, 25_000),
    iterations: 25_000,
  })),
  ...SEARCHED_RATES.map((lr): PaperRow => ({
    ...small,
    id: `small-step-${lr}-70k`,
    where: "a control",
    control: true,
    rate: dropping(lr, 70_000),
    iterations: 70_000,
  })),
  {
    ...small,
    id: "small-linear",
    where: "a control",
    control: true,
    rate: { policy: "decay", baseLr: 0, maxLr: 0.006, stepSize: 25_000 },
    iterations: 25_000,
  },
  {
    ...small,
    id: "small-cosine",
    where: "a control",
    control: true,
    rate: { policy: "cosine", maxLr: 0.006, warmup: 0, iterations: 25_000 },
    iterations: 25_000,
  },
];

/** Every row, in the order of the paper, then of the tutorials. */
export const ROWS: readonly PaperRow[] = [
  ...TABLE_1,
  ...IMAGENET,
  ...SECTION_3,
  ...TABLE_3,
  ...FIGURE_6,
  ...TABLE_4,
  ...SECTION_4,
  ...SUPER_CONVERGENCE,
  ...ONE_CYCLE,
  ...TUTORIALS,
  ...OWN,
  ...SCHEDULES,
  ...SMALL,
];

/** What a row belongs to, by its id: "table1" of "table1-fixed". */
export function familyOf(id: string): string {
  return id.slice(0, id.indexOf("-"));
}

/** What people call a family of rows: "Table 1". */
export function titleOf(family: string): string {
  if (family === "small") return "Table 1 on a small network, with controls";
  if (family === "super") return "Super-convergence";
  if (family === "onecycle") return "1cycle";
  if (family === "own") return "Comparisons of our own";
  if (family === "schedules") return "Schedules of equal length";
  return family === "tutorial" ? "The tutorials" : family.replace(
    /^([a-z])([a-z]+)(\d+)$/,
    (_, first, rest, number) => `${first.toUpperCase()}${rest} ${number}`,
  );
}

/**
 * The rows that `selection` names: ids or beginnings of ids, with commas.
 *
 * @throws {RangeError} When a name fits no row.
 */
export function selectRows(selection: string): PaperRow[] {
  return selection.split(",").flatMap((name) => {
    const exact = ROWS.filter(({ id }) => id === name);
    const rows = exact.length > 0
      ? exact
      : ROWS.filter(({ id }) => id.startsWith(`${name}-`));
    if (rows.length === 0) {
      const nearest = meantName(name, [
        ...new Set(ROWS.flatMap(({ id }) => [familyOf(id), id])),
      ]);
      throw new RangeError(
        `Cannot select rows as a name must be an id of --list or the beginning of some: current value is ${name}${
          nearest === undefined ? "" : `; did you mean ${nearest}?`
        }`,
      );
    }
    return rows;
  });
}
