import type { PaperRow } from "./_row.ts";

/** What the rows on AdamW have in common. */
const adamW = { optimizer: "adam_w", weightDecay: 0 } as const;

/** What a note on them begins with. */
const DECAY = "AdamW with its decay of 0.01 in place of the L2 penalty";

/**
 * Ways to schedule a rate, on the network of section 4.1, each as long as the
 * others. One cycle and a fixed rate stand with both optimizers, so that what is
 * the schedule's and what the optimizer's can be told apart.
 */
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
    "one_cycle_momentum",
    { policy: "one_cycle", maxLr: 0.006, iterations: 1_000 },
  ],
  ["fixed_adam_w_0.0005", { policy: "fixed", lr: 0.0005 }, {
    ...adamW,
    note: `${DECAY}; the fixed rate of Table 3 for Adam`,
  }],
  ["fixed_adam_w", { policy: "fixed", lr: 0.001 }, {
    ...adamW,
    note: `${DECAY}; its usual rate, which is about the mean of the cycle's`,
  }],
  [
    "one_cycle",
    { policy: "one_cycle", maxLr: 0.002, iterations: 1_000 },
    {
      ...adamW,
      note:
        `${DECAY}; the upper bound is that of Table 3 for Adam, the others' that of section 4.1.1`,
    },
  ],
] as const).map(([name, rate, others]): PaperRow => ({
  id: `schedules-${name}`,
  where: "of our own",
  dataset: "cifar10",
  model: "cifar10_quick",
  optimizer: "momentum",
  rate,
  iterations: 1_000,
  batchSize: 100,
  ...others,
}));
