import { caffe, type PaperRow } from "./_row.ts";
import type { SolverName } from "./solvers.ts";

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

/** Table 3: the adaptive methods. */
export const TABLE_3: readonly PaperRow[] = [
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

/** Figure 6: sigmoids and batch normalization. */
export const FIGURE_6: readonly PaperRow[] = [
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
