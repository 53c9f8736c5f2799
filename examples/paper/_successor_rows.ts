import { type PaperRow, TENTH } from "./_row.ts";

/** CIFAR-10 in batches of 125 on each of eight GPUs. */
const superConvergence = {
  dataset: "cifar10",
  model: "resnet",
  optimizer: "momentum",
  batchSize: 1_000,
} as const;

/** Super-convergence: one cycle up to rates that are far too high to stay at. */
export const SUPER_CONVERGENCE: readonly PaperRow[] = [
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
export const ONE_CYCLE: readonly PaperRow[] = ([
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
