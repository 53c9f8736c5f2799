import { type PaperRow, TENTH } from "./_row.ts";
import type { Rate } from "./rate.ts";

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

/** Table 1 on ImageNet. */
export const IMAGENET: readonly PaperRow[] = [
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
