import { assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { CyclicLR, findLearningRate, LearningRateRange } from "@clr/clr";
import {
  enableWasmTraining,
  preflight,
  selectBackend,
  startWebGPU,
} from "@clr/clr/backends";
import { lockFolder, writeRangeFiles } from "@clr/clr/command";
import { describeDevices, GpuSampler } from "@clr/clr/devices";
import { classificationReport, evaluateClassifier } from "@clr/clr/metrics";
import { toOnnx } from "@clr/clr/onnx";
import {
  comparisonChart,
  gridChart,
  historyChart,
  LivePage,
  rangeChart,
  scheduleChart,
  toHtml,
  toPng,
  toSvg,
} from "@clr/clr/plots";
import { cosine, cyclic, fromDescription, oneCycle } from "@clr/clr/schedules";
import {
  AdamW,
  Checkpointer,
  CycleSnapshots,
  ExponentialMovingAverage,
  HyperparameterScheduler,
  OneCycleLR,
  ReduceLROnPlateau,
  saveCheckpoint,
  SGDW,
  TensorBoardLogger,
} from "@clr/clr/training";
import { checkNames, checkSpelling } from "../../src/runtime/check_names.ts";

Deno.test("A misspelt option is refused, with the one that was meant", () => {
  const misspelt = { base_lr: 0.1, maxLr: 0.2 };
  assertThrows(
    () => new CyclicLR(tf.train.sgd(0.1) as never),
    TypeError,
    "Cannot create a cyclic schedule as options must be an object of them: current value is of class SGDOptimizer",
  );
  for (const create of [cyclic, (options: object) => new CyclicLR(options)]) {
    assertThrows(
      () => create(misspelt),
      TypeError,
      'current value has "base_lr"; did you mean "baseLr"?',
    );
  }
  assertThrows(
    () => oneCycle({ maxLr: 1, iterations: 10, pct_start: 0.4 } as never),
    TypeError,
    'did you mean "pctStart"?',
  );
  assertThrows(
    () => cosine({ startLr: 1, iterations: 2, warmup: 3 } as never),
    TypeError,
    'options must be among startLr, endLr, iterations: current value has "warmup"',
  );
  assertThrows(
    () =>
      fromDescription(
        { kind: "step", startLr: 1, stepsize: 2 } as never,
      ),
    TypeError,
    'did you mean "stepSize"?',
  );
});

Deno.test("checkNames() does not look at what an object inherits", () => {
  checkNames("test", Object.create({ other: 1 }), ["a"]);
});

Deno.test("checkSpelling() refuses what is nearly a name, and lets others be", () => {
  const names = ["backend", "threads"];
  checkSpelling("test", { backend: 1, epochs: 2, out: "" }, names);
  // A name that is there is not meant by another.
  checkSpelling("test", { threads: 1, thread: 2 }, names);
  assertThrows(
    () => checkSpelling("test", { Threads: 1 }, names),
    TypeError,
    'threads must be spelt so: current value is "Threads"',
  );
});

Deno.test("Every function with options refuses one that is none", async () => {
  const w = tf.variable(tf.scalar(1));
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 2, inputShape: [1] })],
  });
  const range = LearningRateRange.fromCurve([1, 2], [2, 1]);
  const run = { history: { iterations: [1, 2], lr: [1, 1], loss: [2, 1] } };
  const snapshots = new CycleSnapshots(model);
  const calls: { readonly [name: string]: (options: never) => unknown } = {
    findLearningRate: (options) =>
      findLearningRate(model, { xs: w, ys: w }, options),
    "LearningRateRange.fromCurve": (options) =>
      LearningRateRange.fromCurve([1, 2], [2, 1], options),
    "LearningRateRange.format": (options) => range.format(options),
    CyclicLR: (options) => new CyclicLR(options),
    "CyclicLR.reset": (options) => new CyclicLR().reset(options),
    "CyclicLR.fromRange": (options) =>
      CyclicLR.fromRange({ baseLr: 1, maxLr: 2 }, options),
    OneCycleLR: (options) => new OneCycleLR(options),
    ReduceLROnPlateau: (options) => new ReduceLROnPlateau(options),
    CycleSnapshots: (options) => new CycleSnapshots(model, options),
    "CycleSnapshots.predict": (options) => snapshots.predict(w, options),
    "CycleSnapshots.average": (options) => snapshots.average(options),
    ExponentialMovingAverage: (options) =>
      new ExponentialMovingAverage(model, options),
    HyperparameterScheduler: (options) => new HyperparameterScheduler(options),
    TensorBoardLogger: (options) => new TensorBoardLogger("none", options),
    Checkpointer: (options) => new Checkpointer("none", options),
    saveCheckpoint: (options) => saveCheckpoint("none", { model }, options),
    AdamW: (options) => new AdamW(0.1, options),
    SGDW: (options) => new SGDW(0.1, options),
    classificationReport: (options) => classificationReport([0], [0], options),
    evaluateClassifier: (options) =>
      evaluateClassifier(model, { xs: w, ys: w } as never, options),
    toOnnx: (options) => toOnnx(model, options),
    rangeChart: (options) => rangeChart(range, options),
    gridChart: (options) => gridChart(range, options),
    scheduleChart: (options) => scheduleChart(() => 1, 4, options),
    historyChart: (options) => historyChart(run, options),
    comparisonChart: (options) =>
      comparisonChart([{ name: "one", ...run }], options),
    toSvg: (options) => toSvg(rangeChart(range), options),
    toPng: (options) => toPng(rangeChart(range), options),
    toHtml: (options) => toHtml([rangeChart(range)], options),
    "LivePage.open": (options) => LivePage.open(options),
    preflight: (options) => preflight(model, options),
    enableWasmTraining: (options) => enableWasmTraining(options),
    startWebGPU: (options) => startWebGPU(options),
    describeDevices: (options) => describeDevices(options),
    GpuSampler: (options) => new GpuSampler(options),
    lockFolder: (options) => lockFolder("none", options),
    writeRangeFiles: (options) => writeRangeFiles("none", range, options),
  };
  for (const [name, call] of Object.entries(calls)) {
    // Whether it throws or rejects.
    const result = async () => await call({ nonsense_option: 1 } as never);
    const error = await assertRejects(result, TypeError);
    assertStringIncludes(
      error.message,
      'current value has "nonsense_option"',
      name,
    );
  }
  const selecting = () => selectBackend({ thread: 1 } as never);
  await assertRejects(selecting, TypeError, "threads must be spelt so");
  model.dispose();
  w.dispose();
});
