/**
 * Options that would be taken for something else without a word: a switch that
 * is "false" is true, and of a Map or a promise no option is found.
 */

import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { CyclicLR, LearningRateRange } from "@clr/clr";
import * as backends from "@clr/clr/backends";
import * as metrics from "@clr/clr/metrics";
import * as onnx from "@clr/clr/onnx";
import * as plots from "@clr/clr/plots";
import * as schedules from "@clr/clr/schedules";
import * as training from "@clr/clr/training";
import {
  type Anything,
  type Call,
  each,
  takenInSilence,
} from "./_odd_values.ts";

await tf.setBackend("cpu");

function createModel(): tf.LayersModel {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 2, inputShape: [4] })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  return model;
}

const model = createModel();
const history = { iterations: [1, 2], lr: [1, 2], loss: [2, 1] };
const chart = plots.historyChart(history);
const range = LearningRateRange.fromCurve([0.1, 0.2, 0.4], [3, 2, 1]);
const average = (options: Anything) => {
  using _ = new training.ExponentialMovingAverage(model, options);
};
const own = () => new CyclicLR().attach(tf.train.sgd(1));

const SWITCHES: readonly Call[] = [
  ...each("staircase", schedules.exponential, { startLr: 1, factor: 0.5 }),
  ...each("staircase", schedules.inverseTime, { startLr: 1, decayRate: 1 }),
  ...each("cycle", schedules.polynomial, { startLr: 1, iterations: 9 }),
  ...each("threePhase", schedules.oneCycle, { maxLr: 1, iterations: 9 }),
  ...each("threePhase", (options) => new training.OneCycleLR(options), {
    maxLr: 1,
  }),
  ...each("useNesterov", (options) => new training.SGDW(0.1, options)),
  ...each("warmup", average),
  ...each("embedFont", (options) => plots.toSvg(chart, options)),
  ...each("color flags", (options) => range.format(options)),
  ...each("winograd", (options) => backends.enableWasmTraining(options)),
  ...each("winograd", (options) => backends.selectBackend(options), {
    backend: "cpu",
  }),
];

const TEXTS: readonly Call[] = [
  ...each("title origin", (options) => plots.rangeChart(range, options)),
  ...each("title origin", (options) => plots.historyChart(history, options)),
  ...each("title origin", (options) => {
    plots.scheduleChart(schedules.constant(1), 9, options);
  }),
  ...each("title origin", (options) => {
    plots.comparisonChart([{ name: "one", history }], options);
  }),
  ...each("title", (options) => plots.toHtml([chart], options)),
  ...each("name", (options) => onnx.toOnnx(model, options)),
  ["a value of metadata", (value) => {
    return onnx.toOnnx(model, { metadata: { made: value } });
  }],
];

/** Options, and what else is an object of values by their names. */
const RECORDS: readonly Call[] = [
  ["CyclicLR", (value) => new CyclicLR(value)],
  ["CyclicLR.fromJSON", (value) => {
    CyclicLR.fromJSON(new CyclicLR().toJSON(), value);
  }],
  ["reset", (value) => own().reset(value)],
  ["step", (value) => own().step(value ?? NaN)],
  ["cyclic", (value) => schedules.cyclic(value)],
  ["clamp", (value) => schedules.clamp(schedules.constant(1), value)],
  ["AdamW", (value) => new training.AdamW(0.1, value)],
  ["SGDW", (value) => new training.SGDW(0.1, value)],
  ["ReduceLROnPlateau", (value) => new training.ReduceLROnPlateau(value)],
  ["ExponentialMovingAverage", average],
  ["layerRates", (value) => {
    training.layerRates(createModel(), value)[Symbol.dispose]();
  }],
  ["combineCallbacks", (value) => training.combineCallbacks([value])],
  ["toCsv", (value) => training.toCsv(value)],
  ["report", (value) => metrics.classificationReport([0], [0], value)],
  ["historyChart", (value) => plots.historyChart(history, value)],
  ["toSvg", (value) => plots.toSvg(chart, value)],
  ["facts", (value) => plots.toReport({ title: "A run", facts: value })],
  ["toOnnx", (value) => onnx.toOnnx(model, value)],
  ["metadata", (value) => onnx.toOnnx(model, { metadata: value })],
  ["selectBackend", (value) => backends.selectBackend(value)],
];

const KINDS: Record<
  string,
  readonly [readonly Call[], (value: unknown) => boolean]
> = {
  "Switches take true and false": [
    SWITCHES,
    (value) => typeof value === "boolean",
  ],
  "Texts take text": [TEXTS, (value) => typeof value === "string"],
  "Options take an object of them": [
    RECORDS,
    // What is in a right object is another test's.
    (value) => Object.prototype.toString.call(value) === "[object Object]",
  ],
  "Themes take their names": [
    [
      ...each("theme", (options) => plots.toSvg(chart, options)),
      ...each("theme", (options) => plots.toPng(chart, options)),
    ],
    () => false,
  ],
  "A scheduler takes one": [
    each("scheduler", (options) => new training.ReduceLROnPlateau(options)),
    () => false,
  ],
  "Schedules take functions": [
    [["scheduleChart", (value) => plots.scheduleChart(value, 3)]],
    (value) => typeof value === "function",
  ],
};

for (const [name, [calls, isRight]] of Object.entries(KINDS)) {
  Deno.test(`${name}, and nothing else`, async () => {
    assertEquals(await takenInSilence(calls, isRight), []);
    if (tf.getBackend() !== "cpu") await tf.setBackend("cpu");
  });
}

Deno.test("A promise in the place of what it is of is told to want an await", () => {
  for (
    const call of [
      () => CyclicLR.fromRange(Promise.resolve(range) as never),
      () => own().step(Promise.resolve({ loss: 1 }) as never),
      () => new CyclicLR(Promise.resolve({}) as never),
      () => plots.historyChart(Promise.resolve(history) as never),
    ]
  ) {
    assertThrows(
      call,
      TypeError,
      "current value is a Promise, which wants an await",
    );
  }
});

Deno.test("combineCallbacks() says which hook was meant", () => {
  assertThrows(
    () => training.combineCallbacks([{ onEpochend: () => {} } as never]),
    TypeError,
    'as onEpochEnd must be spelt so: current value is "onEpochend"',
  );
});
