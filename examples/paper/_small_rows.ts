import { caffe, familyOf, type PaperRow, TENTH } from "./_row.ts";
import { SECTION_3, TABLE_1 } from "./_table1_rows.ts";
import type { ModelName } from "./models.ts";
import type { Rate } from "./rate.ts";

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
function rowsOn(family: string, model: ModelName): readonly PaperRow[] {
  const common = { ...caffe, model };
  const control = {
    ...common,
    where: "a control",
    control: true,
    iterations: 25_000,
  } as const;
  return [
    ...[...TABLE_1, ...SECTION_3].map((row): PaperRow => ({
      ...row,
      ...common,
      id: row.id.replace(familyOf(row.id), family),
      where: `beside ${row.id}`,
      published: undefined,
    })),
    ...[25_000, 70_000].flatMap((iterations) =>
      SEARCHED_RATES.map((lr): PaperRow => ({
        ...control,
        id: `${family}-step-${lr}-${iterations / 1_000}k`,
        rate: dropping(lr, iterations),
        iterations,
      }))
    ),
    {
      ...common,
      id: `${family}-triangular2-found`,
      where: `as ${family}-triangular2, between the bounds of a range test`,
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
      ...control,
      id: `${family}-linear`,
      rate: { policy: "decay", baseLr: 0, maxLr: 0.006, stepSize: 25_000 },
    },
    {
      ...control,
      id: `${family}-cosine`,
      rate: { policy: "cosine", maxLr: 0.006, warmup: 0, iterations: 25_000 },
    },
  ];
}

/** On a network of a quarter of the width. */
export const SMALL = rowsOn("small", "cifar10_quick_small");

/** On one of half the width. */
export const HALF = rowsOn("half", "cifar10_quick_half");
