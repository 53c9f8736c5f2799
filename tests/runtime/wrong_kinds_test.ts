/** What is given where something else must be, to every public function. */

import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  CyclicLR,
  findLearningRate,
  getLearningRate,
  LearningRateRange,
  LearningRateScheduler,
  setLearningRate,
} from "@clr/clr";
import * as backends from "@clr/clr/backends";
import * as metrics from "@clr/clr/metrics";
import * as onnx from "@clr/clr/onnx";
import * as plots from "@clr/clr/plots";
import * as schedules from "@clr/clr/schedules";
import * as training from "@clr/clr/training";
import { type Anything, type Call, each, rawErrors } from "./_odd_values.ts";

await tf.setBackend("cpu");

function createModel(): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 2, inputShape: [4], activation: "softmax" }),
      tf.layers.dropout({ rate: 0.1 }),
    ],
  });
  model.compile({ optimizer: "sgd", loss: "categoricalCrossentropy" });
  return model;
}

const model = createModel();
const xs = tf.randomNormal([16, 4], 0, 1, "float32", 1);
const ys = tf.oneHot(Array.from({ length: 16 }, (_, i) => i % 2), 2);
const clr = new CyclicLR({ stepSize: 4 });
await model.fit(xs, ys, { verbose: 0, batchSize: 4, callbacks: [clr] });
const chart = plots.historyChart(clr);
const range = LearningRateRange.fromCurve([0.1, 0.2, 0.4], [3, 2, 1]);
const folder = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => {
  Deno.removeSync(folder, { recursive: true });
});
const logger = () => new training.TensorBoardLogger(`${folder}/logs`);
const session = async () => {
  const bytes = await onnx.toOnnx(model);
  const running = await onnx.createSession(bytes, { threads: 1 });
  closing.push(running);
  return running;
};
const closing: AsyncDisposable[] = [];
let page: plots.LivePage | undefined;
const own = () => new CyclicLR().attach(tf.train.sgd(1));

const CALLS: Record<string, readonly Call[]> = {
  CyclicLR: [
    ...each(
      "baseLr maxLr stepSize stepSizeDown cycleFactor cycles mode gamma scaleFn scaleMode waveform momentum stopAfterCycles historyLimit",
      (options) => new CyclicLR(options),
    ),
    ["options", (value) => new CyclicLR(value)],
    ["at", (value) => new CyclicLR().at(value)],
    ["attach", (value) => new CyclicLR().attach(value)],
    ["step", (value) => own().step({ loss: value })],
    ["reset", (value) => own().reset(value)],
    ["restore", (value) => own().restore(value)],
    ["fromJSON", (value) => CyclicLR.fromJSON(value)],
    ["fromRange", (value) => CyclicLR.fromRange(value)],
    ["fromRange options", (value) => CyclicLR.fromRange({}, value)],
    ["fromJSON options", (value) => {
      CyclicLR.fromJSON(new CyclicLR().toJSON(), value);
    }],
  ],
  LearningRateScheduler: [
    ["schedule", (value) => new LearningRateScheduler(value)],
    ["its rate", (value) => {
      new LearningRateScheduler(() => value).attach(tf.train.sgd(1)).step();
    }],
    ["setLearningRate", (value) => setLearningRate(tf.train.sgd(1), value)],
    ["setLearningRate of", (value) => setLearningRate(value, 1)],
    ["getLearningRate", (value) => getLearningRate(value)],
  ],
  findLearningRate: [
    ["trainee", (value) => findLearningRate(value, { xs, ys })],
    ["data", (value) => findLearningRate(createModel(), value)],
    ["xs", (value) => findLearningRate(createModel(), { xs: value, ys })],
    ["options", (value) => findLearningRate(createModel(), { xs, ys }, value)],
    ...each(
      "optimizer variables trainOnBatch optimizers",
      (trainee) => findLearningRate(trainee, () => [xs], { maxBatches: 2 }),
      {
        optimizer: tf.train.sgd(0.1),
        variables: [tf.variable(tf.scalar(1))],
        trainOnBatch: () => tf.scalar(1),
      },
    ),
    ...each(
      "startLr endLr iterations growth batchSize beta batchesPerRate repeats seed signal onBatch maxBatches metric grid accumulate epochs stopFactor",
      (options) => findLearningRate(createModel(), { xs, ys }, options),
      { maxBatches: 2 },
    ),
    ["fromJSON", (value) => LearningRateRange.fromJSON(value)],
  ],
  schedules: [
    ...([
      ...["constant", "cosine", "cosineRestarts", "cyclic", "exponential"],
      ...["flatCosine", "inverseTime", "linear", "oneCycle", "piecewise"],
      ...["polynomial", "sequence", "step", "warmupStableDecay"],
    ] as const)
      .map((name): Call => [
        name,
        (value) => (schedules[name] as Anything)(value)(3),
      ]),
    ...(["clamp", "scale", "warmup"] as const).flatMap((name): Call[] => [
      [name, (value) => (schedules[name] as Anything)(value, { min: 0 })],
      [
        `${name} by`,
        (value) => (schedules[name] as Anything)(schedules.constant(1), value),
      ],
    ]),
    ["cycles", (value) => schedules.cycles(value).at(3)],
    ["planCycles", (value) => schedules.planCycles(value)],
    ...each(
      "samples batchSize epochs stepSizeEpochs batchesPerEpoch",
      (options) => schedules.planCycles(options),
      { samples: 100, batchSize: 10, epochs: 4 },
    ),
    ...([
      "describe",
      "fromDescription",
      "fromKeras",
      "fromPyTorch",
      "lengthOf",
      "momentumOf",
      "toKeras",
      "toOptax",
      "toPyTorch",
    ] as const).map((name): Call => [
      name,
      (value) => (schedules[name] as Anything)(value),
    ]),
  ],
  optimizers: [
    ["AdamW", (value) => new training.AdamW(value)],
    ...each(
      "beta1 beta2 epsilon weightDecay exclude",
      (options) => new training.AdamW(0.1, options),
    ),
    ["SGDW", (value) => new training.SGDW(value)],
    ["SGDW options", (value) => new training.SGDW(0.1, value)],
    ...each("momentum", (options) => new training.SGDW(0.1, options)),
    ["layerRates", (value) => training.layerRates(value, {})],
    ["layerRates factors", (value) => {
      training.layerRates(createModel(), value)[Symbol.dispose]();
    }],
    ["setDropoutRate", (value) => training.setDropoutRate(value, 0.1)],
    ["setDropoutRate to", (value) => training.setDropoutRate(model, value)],
  ],
  averages: [
    ["average of", (value) => new training.ExponentialMovingAverage(value)],
    ["predict", (value) => {
      using snapshots = new training.CycleSnapshots(model);
      snapshots.take();
      tf.dispose(snapshots.predict(value));
    }],
    ["average by", async (value) => {
      using snapshots = new training.CycleSnapshots(model);
      snapshots.take();
      await snapshots.average(value);
    }],
    ["use", (value) => {
      using average = new training.ExponentialMovingAverage(model);
      average.use(value);
    }],
    ["snapshots of", (value) => new training.CycleSnapshots(value)],
    ["take", (value) => {
      using snapshots = new training.CycleSnapshots(model);
      snapshots.take(value);
    }],
    ["last", (value) => {
      using snapshots = new training.CycleSnapshots(model);
      snapshots.take();
      tf.dispose(snapshots.predict(xs, { last: value }));
    }],
  ],
  checkpoints: [
    ["folder", (value) => {
      // Any text will do, and would be one beside the tests.
      const path = value === "0.1" ? `${folder}/${value}` : value;
      return training.saveCheckpoint(path, { model });
    }],
    ["subject", (value) => training.saveCheckpoint(folder, value)],
    ...each(
      "model scheduler averages snapshots",
      (options) => training.saveCheckpoint(folder, { model, ...options }),
    ),
    ...each(
      "keep data",
      (options) => training.saveCheckpoint(folder, { model }, options),
    ),
    ["load", (value) => training.loadCheckpoint(value)],
    ["restore", async (value) => {
      await training.saveCheckpoint(folder, { model });
      (await training.loadCheckpoint(folder))!.restore(value);
    }],
    ["Checkpointer", (value) => {
      new training.Checkpointer(value, { scheduler: clr, every: 4 });
    }],
    ...each(
      "scheduler every keep data signal averages snapshots",
      (options) => new training.Checkpointer(folder, options),
      { scheduler: clr, every: 4 },
    ),
  ],
  callbacks: [
    ["logger", (value) => new training.TensorBoardLogger(value)],
    ["its scheduler", (value) => {
      new training.TensorBoardLogger(folder, { scheduler: value });
    }],
    ["log at", (value) => logger().log(value, { loss: 1 })],
    ["log", (value) => logger().log(1, value)],
    ["a value of it", (value) => logger().log(1, { loss: value })],
    ["a tag", (value) => logger().text(value, "x")],
    ["a text", (value) => logger().text("x", value)],
    ["logRange", (value) => logger().logRange(value)],
    ...each(
      "learningRates losses metrics",
      (range) =>
        logger().logRange({ learningRates: [1], losses: [1], ...range }),
    ),
    ...each(
      "name schedule set historyLimit",
      (options) => new training.HyperparameterScheduler(options),
      { name: "decay", schedule: () => 1, set: () => {} },
    ),
    ["StopOnAbort", (value) => new training.StopOnAbort(value)],
    [
      "a Dataset to end",
      (value) => training.untilAborted(value, AbortSignal.abort()),
    ],
    [
      "its signal",
      (value) => training.untilAborted(tf.data.array([1]), value),
    ],
    ["combineCallbacks", (value) => training.combineCallbacks(value)],
    ["one of them", (value) => training.combineCallbacks([value])],
    ["ReduceLROnPlateau", (value) => new training.ReduceLROnPlateau(value)],
    ["OneCycleLR", (value) => new training.OneCycleLR(value)],
    ["OneCycleLR.fromRange", (value) => training.OneCycleLR.fromRange(value)],
    ["toCsv", (value) => training.toCsv(value)],
    ["a column", (value) => training.toCsv({ a: value })],
    ["seededRandom", (value) => training.seededRandom(value)],
    ["shuffle", (value) => training.shuffle(value, Math.random)],
    ["shuffle by", (value) => training.shuffle(new Int32Array(3), value)],
  ],
  plots: [
    ["rangeChart", (value) => plots.rangeChart(value)],
    ...each("title origin", (options) => plots.rangeChart(range, options)),
    ...each(
      "title origin metrics",
      (options) => plots.historyChart(clr, options),
    ),
    ["a metric", (value) => plots.historyChart(clr, { metrics: [value] })],
    ...each(
      "title origin metric",
      (options) =>
        plots.comparisonChart(
          [{ name: "one", history: clr.history }],
          options,
        ),
    ),
    ...each("title origin", (options) => plots.scheduleChart(clr, 9, options)),
    ...each("theme embedFont", (options) => plots.toSvg(chart, options)),
    ["gridChart", (value) => plots.gridChart(value)],
    ["historyChart", (value) => plots.historyChart(value)],
    ["its columns", (value) => {
      const history = { iterations: value, lr: value, loss: value };
      plots.historyChart({ history });
    }],
    ["scheduleChart", (value) => plots.scheduleChart(value, 10)],
    ["scheduleChart of", (value) => plots.scheduleChart(clr, value)],
    ["comparisonChart", (value) => plots.comparisonChart(value)],
    ["toSvg", (value) => plots.toSvg(value)],
    ["toHtml", (value) => plots.toHtml(value)],
    ["toReport", (value) => plots.toReport(value)],
    ...each(
      "summary facts charts classification samples",
      (content) => plots.toReport({ title: "A run", ...content }),
    ),
    ...each(
      "classNames confusion classes accuracy",
      (part) =>
        plots.toReport({
          title: "A run",
          classification: {
            ...metrics.classificationReport([0, 1], [0, 1]),
            ...part,
          },
        }),
    ),
    ...each("pixels shape label predicted", (sample) => {
      const pixels = new Uint8Array(4);
      const shape = [2, 2, 1] as const;
      return plots.toReport({
        title: "A run",
        samples: [{ pixels, shape, label: "a", predicted: "b", ...sample }],
      });
    }),
    ["toPng", (value) => plots.toPng(value)],
    ...each("scale theme", (options) => plots.toPng(chart, options)),
    ...(["follow", "record", "tell", "end"] as const).map((name): Call => [
      name,
      (value) => page?.[name](value),
    ]),
    ...each("port title iterations x", async (options) => {
      await (await plots.LivePage.open(options)).close();
    }),
  ],
  metrics: [
    ["labels", (value) => metrics.classificationReport(value, value)],
    ["predictions", (value) => metrics.classificationReport([0, 1], value)],
    ["model", (value) => metrics.evaluateClassifier(value, { xs, ys })],
    ["data", (value) => metrics.evaluateClassifier(model, value)],
    ["name", (value) => metrics.metricDirection(value)],
    ...each(
      "classNames digits",
      (options) => metrics.classificationReport([0, 1], [0, 1], options),
    ),
    ...each(
      "xs ys",
      (data) => metrics.evaluateClassifier(model, { xs, ys, ...data }),
    ),
    ...each(
      "batchSize classNames digits topK",
      (options) => metrics.evaluateClassifier(model, { xs, ys }, options),
    ),
  ],
  backends: [
    // Any object will do, as flags of a program are handed on.
    ["options", (value) => {
      if (
        typeof value !== "object" || value === null || value instanceof Date
      ) {
        return backends.selectBackend(value);
      }
    }],
    ...each(
      "threads winograd wasmPath",
      (options) => backends.selectBackend(options),
      { backend: "cpu" },
    ),
    ["preflight", (value) => backends.preflight(value)],
    ["preflight options", (value) => backends.preflight(model, value)],
    ["inputs", (value) => backends.preflight(model, { inputs: value })],
    ["knownLimits", (value) => backends.knownLimits(value)],
    ["enableWasmTraining", (value) => backends.enableWasmTraining(value)],
    ["startWebGPU", (value) => backends.startWebGPU(value)],
  ],
  onnx: [
    ["toOnnx", (value) => onnx.toOnnx(value)],
    ["createSession", (value) => onnx.createSession(value)],
    ...each(
      "converters inputLayout metadata name normalization opset",
      (options) => onnx.toOnnx(model, options),
    ),
    ...each(
      "mean scale",
      (normalization) => onnx.toOnnx(model, { normalization }),
      { mean: [0] },
    ),
    ["evaluate", (value) => onnx.evaluate(value, { xs, ys: [0] } as Anything)],
    ["data", async (value) => onnx.evaluate(await session(), value)],
    ...each(
      "xs ys",
      async (data) => onnx.evaluate(await session(), { xs, ys, ...data }),
    ),
    ...each(
      "batchSize classNames",
      async (options) => onnx.evaluate(await session(), { xs, ys }, options),
    ),
    ["run", async (value) => (await session()).run(value)],
    ["an input", async (value) => {
      const running = await session();
      await running.run({ [running.inputs[0].name]: value });
    }],
    ...each("data shape", async (tensor) => {
      const running = await session();
      const data = new Float32Array(4);
      await running.run({
        [running.inputs[0].name]: { data, shape: [1, 4], ...tensor },
      });
    }),
  ],
};

for (const [part, calls] of Object.entries(CALLS)) {
  Deno.test(`${part} take what they are given or say what it must be`, async () => {
    if (part === "plots") closing.push(page = await plots.LivePage.open());
    assertEquals(await rawErrors(calls), []);
    for (const each of closing.splice(0)) await each[Symbol.asyncDispose]();
    if (tf.getBackend() !== "cpu") await tf.setBackend("cpu");
  });
}
