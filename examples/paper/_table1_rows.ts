import { caffe, type PaperRow, TENTH } from "./_row.ts";
import type { Rate } from "./rate.ts";

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

/** Table 1 on CIFAR-10. */
export const TABLE_1: readonly PaperRow[] = [
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
export const SECTION_3: readonly PaperRow[] = [
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
