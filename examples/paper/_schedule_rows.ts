import type { PaperRow } from "./_row.ts";

/** Ways to schedule a rate, on the network of section 4.1, each as long as the others. */
export const SCHEDULES: readonly PaperRow[] = ([
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
