import { caffe, familyOf, type PaperRow, TENTH } from "./_row.ts";
import { SECTION_3, TABLE_1 } from "./_table1_rows.ts";
import type { Rate } from "./rate.ts";

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
export const SMALL: readonly PaperRow[] = [
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
    id: "small-triangular2-found",
    where: "as small-triangular2, between the bounds of a range test",
    rate: {
      policy: "found",
      stages: [
        { until: 16_000, factor: 1, stepSize: 2_000 },
        { until: 22_000, factor: 0.1, stepSize: 1_000 },
        { until: 25_000, factor: 0.01, stepSize: 500 },
      ],
    },
    iterations: 25_000,
  },
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
