/** What takes data from outside, each with valid data to damage. */

import * as tf from "@tensorflow/tfjs";
import { encode as encodePng } from "fast-png";
import { encode as encodeJpeg } from "jpeg-js";
import { CyclicLR, LearningRateRange, LearningRateScheduler } from "@clr/clr";
import * as schedules from "@clr/clr/schedules";
import {
  AdamW,
  Checkpointer,
  CheckpointError,
  CycleSnapshots,
  ExponentialMovingAverage,
  HyperparameterScheduler,
  layerRates,
  loadCheckpoint,
  OneCycleLR,
  ReduceLROnPlateau,
  saveCheckpoint,
  SGDW,
  toCsv,
} from "@clr/clr/training";
import { readOrientation } from "../../examples/datasets/exif_orientation.ts";
import { DatasetError } from "../../examples/datasets/image_dataset.ts";
import {
  ImageFileError,
  readImageFile,
} from "../../examples/datasets/image_file.ts";
import { loadMnist } from "../../examples/datasets/mnist.ts";
import { extractTarGz } from "../../examples/datasets/_tar.ts";
import { readResults, reportMarkdown } from "../../examples/paper/report.ts";
import { FLAGS } from "../../examples/cifar10.ts";
import { readCsv } from "../../examples/browser/read_csv.ts";
import {
  loadModel,
  ModelFilesError,
  saveModel,
} from "../../examples/training/model_files.ts";
import { makePlan } from "../../examples/training/plan.ts";
import { parseFlags } from "../../src/command/parse_flags.ts";
import { UsageError } from "../../src/command/usage_error.ts";
import { systemCode } from "../../src/runtime/system_error.ts";
import { sha256, toHex } from "../../src/runtime/sha256.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
} from "../../src/training/checkpoints/_safetensors.ts";
import { gzip, someBytes, tar } from "../examples/datasets/_fixtures.ts";
import {
  below,
  mutateBytes,
  mutateJson,
  mutateText,
  oddValue,
  oneOf,
  type Random,
} from "./_mutate.ts";
import { DESCRIPTIONS, KERAS, PYTORCH } from "./_schedule_data.ts";

await tf.setBackend("cpu");

/** A parser or constructor, and how a case of it is run. */
export interface FuzzTarget {
  readonly name: string;
  /** How much a case costs beside others: so many times fewer are run. */
  readonly cost: number;
  /** Runs a case in a folder of its own; throws what the target throws. */
  run(random: Random, folder: string): unknown;
}

// deno-lint-ignore no-explicit-any -- what is passed is damaged on purpose
type Damaged = any;

const EXPECTED = [
  CheckpointError,
  DatasetError,
  ImageFileError,
  ModelFilesError,
  Deno.errors.NotFound,
  RangeError,
  SyntaxError,
  TypeError,
  UsageError,
];

/**
 * Whether an error is one that was meant for a person: of a class that is
 * documented, in one line, in words of this project.
 */
export function isMeant(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { message } = error;
  // The system's own words, which name the file.
  if (systemCode(error) !== undefined) return true;
  return EXPECTED.some((type) => error instanceof type) &&
    /^(Cannot .+ (as|:|from) .+|Cannot .+: .+|Unknown flag ".*"|Unexpected argument ".*")/s
      .test(message) &&
    !/^Cannot (read propert|destructure|convert|set propert|mix |access )/
      .test(message) &&
    !/^Cannot .* as it is (undefined|null)\.$/.test(message);
}

const clr = new CyclicLR({
  baseLr: 0.1,
  maxLr: 1,
  stepSize: 7,
  momentum: { base: 0.8, max: 0.9 },
  stopAfterCycles: 4,
}).attach(tf.train.momentum(0.1, 0.9));
for (let i = 0; i < 5; i++) {
  clr.step({ loss: i === 3 ? Infinity : i, acc: NaN });
}
const CLR = JSON.parse(JSON.stringify(clr));

const plateau = new ReduceLROnPlateau({ patience: 1 }).attach(tf.train.sgd(1));
for (const value of [3, 2, 2, 2]) plateau.step(value);
const PLATEAU = JSON.parse(JSON.stringify(plateau));

const rates = Array.from({ length: 40 }, (_, i) => 1e-5 * 10 ** (i / 8));
const RANGE = JSON.parse(JSON.stringify(LearningRateRange.fromCurve(
  rates,
  rates.map((rate) =>
    2.3 - 0.8 / (1 + (1e-3 / rate) ** 2) + (rate / 0.02) ** 4
  ),
)));

const RANGE_READ = LearningRateRange.fromJSON(RANGE);

function use(schedule: (iteration: number) => number): void {
  for (const t of [0, 1, 5, 1e6]) schedule(t);
}

/** Options that are valid, by the constructor that takes them. */
const OPTIONS: { readonly [name: string]: [Damaged, Damaged] } = {
  cyclic: [schedules.cyclic, {
    baseLr: 0.1,
    maxLr: 1,
    stepSize: 3,
    mode: "exp_range",
    gamma: 0.9,
    momentum: { base: 0.1, max: 0.2 },
  }],
  constant: [schedules.constant, 0.1],
  linear: [schedules.linear, { startLr: 1, endLr: 0.1, iterations: 5 }],
  cosine: [schedules.cosine, { startLr: 1, endLr: 0.1, iterations: 5 }],
  polynomial: [schedules.polynomial, {
    startLr: 1,
    endLr: 0.1,
    iterations: 5,
    power: 2,
  }],
  step: [schedules.step, { startLr: 1, stepSize: 5, factor: 0.1 }],
  exponential: [schedules.exponential, {
    startLr: 1,
    factor: 0.5,
    iterations: 3,
    staircase: true,
  }],
  inverseTime: [schedules.inverseTime, {
    startLr: 1,
    decayRate: 0.5,
    iterations: 3,
  }],
  oneCycle: [schedules.oneCycle, {
    maxLr: 1,
    iterations: 10,
    pctStart: 0.3,
    momentum: { base: 0.8, max: 0.9 },
  }],
  cosineRestarts: [schedules.cosineRestarts, {
    maxLr: 1,
    minLr: 0.1,
    cycleSize: 5,
    cycleFactor: 2,
  }],
  warmupStableDecay: [schedules.warmupStableDecay, {
    maxLr: 1,
    warmup: 2,
    stable: 3,
    decay: 4,
  }],
  flatCosine: [schedules.flatCosine, {
    maxLr: 1,
    iterations: 10,
    pctStart: 0.5,
  }],
  "new OneCycleLR": [(options: Damaged) => new OneCycleLR(options), {
    maxLr: 1,
    iterations: 10,
    pctStart: 0.3,
    momentum: { base: 0.8, max: 0.9 },
  }],
  "CyclicLR.fromRange": [
    (options: Damaged) => CyclicLR.fromRange(RANGE_READ, options),
    { epochs: 4, cycles: 2, cycleFactor: 1.5, mode: "triangular2" },
  ],
  "OneCycleLR.fromRange": [
    (options: Damaged) => OneCycleLR.fromRange(RANGE_READ, options),
    { iterations: 10, pctStart: 0.3 },
  ],
  "new AdamW": [(options: Damaged) => new AdamW(0.1, options), {
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-7,
    weightDecay: 0.1,
    exclude: ["bias"],
  }],
  "new SGDW": [(options: Damaged) => new SGDW(0.1, options), {
    momentum: 0.9,
    weightDecay: 0.1,
    exclude: ["bias"],
  }],
  "new ExponentialMovingAverage": [
    (options: Damaged) =>
      new ExponentialMovingAverage(model, options)[Symbol.dispose](),
    { decay: 0.99, warmup: true },
  ],
  "new CycleSnapshots": [
    (options: Damaged) => new CycleSnapshots(model, options)[Symbol.dispose](),
    { keep: 2 },
  ],
  piecewise: [schedules.piecewise, [{ iteration: 0, lr: 1 }, {
    iteration: 5,
    lr: 2,
  }]],
  planCycles: [schedules.planCycles, {
    images: 100,
    batchSize: 10,
    epochs: 4,
    cycles: 2,
  }],
};

function idx(magic: number, dimensions: number[], body: Uint8Array) {
  const header = new DataView(new ArrayBuffer(4 + 4 * dimensions.length));
  header.setUint32(0, magic);
  dimensions.forEach((size, i) => header.setUint32(4 + 4 * i, size));
  const bytes = new Uint8Array(header.byteLength + body.length);
  bytes.set(new Uint8Array(header.buffer));
  bytes.set(body, header.byteLength);
  return bytes;
}

const IDX: { readonly [name: string]: Uint8Array<ArrayBuffer> } = {
  "train-images-idx3-ubyte": idx(2051, [2, 28, 28], someBytes(2 * 784)),
  "train-labels-idx1-ubyte": idx(2049, [2], Uint8Array.of(1, 2)),
  "t10k-images-idx3-ubyte": idx(2051, [1, 28, 28], someBytes(784)),
  "t10k-labels-idx1-ubyte": idx(2049, [1], Uint8Array.of(3)),
};

const IMAGES = [
  encodePng({ width: 5, height: 4, channels: 3, data: someBytes(60) }),
  encodePng({
    width: 3,
    height: 3,
    channels: 1,
    depth: 16,
    data: Uint16Array.from(someBytes(9)),
  }),
  encodePng({ width: 3, height: 2, channels: 4, data: someBytes(24) }),
  encodeJpeg({ width: 17, height: 9, data: someBytes(612) }, 80)
    .data as Uint8Array,
];

const TABLES = [
  "a,b,c\n" + "1,2.5,x\n3,-4e2,y\n5,6,x\n".repeat(8),
  "\ufeffa;b;c\r\n" + '1;2;"x, y"\r\n3;4;"say ""z"""\r\n'.repeat(9),
];

const RESULT = {
  row: "table1-decay",
  model: "cifar10_full",
  optimizer: "momentum",
  scale: 0.02,
  seed: 1,
  iterations: 500,
  batchSize: 100,
  rate: "triangular",
  accuracy: 41,
  bestAccuracy: 42,
  diverged: false,
  epochHistory: { iterations: [250, 500], val_acc: [0.2, 0.41], loss: [2, 1] },
  data: {
    name: "CIFAR-10",
    origin: "synthetic",
    trainImages: 50,
    testImages: 10,
  },
  backend: "wasm",
  device: "WASM",
  seconds: 60,
  versions: {},
  finished: "2030-01-01",
};

function createModel(): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ name: "a", units: 2, inputShape: [2] }),
      tf.layers.batchNormalization({ name: "n" }),
      tf.layers.dense({ name: "b", units: 1 }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" });
  return model;
}

const model = createModel();
const scheduler = new CyclicLR({ stepSize: 3 });
await model.fit(tf.ones([4, 2]), tf.ones([4, 1]), {
  batchSize: 2,
  verbose: 0,
  callbacks: [scheduler],
});

/** The files of a checkpoint by their paths in its folder. */
async function filesOf(
  folder: string,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const visit = async (path: string) => {
    for await (
      const { name, isDirectory } of Deno.readDir(`${folder}/${path}`)
    ) {
      if (isDirectory) await visit(`${path}${name}/`);
      else if (!name.startsWith(".")) {
        files.set(path + name, await Deno.readFile(`${folder}/${path}${name}`));
      }
    }
  };
  await visit("");
  return files;
}

async function savedFiles(
  save: (folder: string) => Promise<unknown>,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const folder = await Deno.makeTempDir();
  try {
    await save(folder);
    return await filesOf(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const averages = new ExponentialMovingAverage(model);
const snapshots = new CycleSnapshots(model, { keep: 2 });
for (const score of [2, 1]) snapshots.take(score);
const SUBJECT = { model, scheduler, averages, snapshots };
const CHECKPOINT = await savedFiles((folder) =>
  saveCheckpoint(folder, SUBJECT)
);
const MODEL = await savedFiles((folder) => saveModel(model, folder));
const TENSORS = encodeSafetensors([
  { name: "a", dtype: "F32", shape: [2, 3], data: new Float32Array(6) },
  { name: "b", dtype: "F64", shape: [2], data: new Float64Array(2) },
]);
const ARCHIVE = await gzip(
  await tar([
    { name: "d/", type: "directory" },
    { name: "d/other", body: someBytes(40) },
    { name: "d/a.bin", body: someBytes(700) },
  ]),
);
const UNPACKED = await tar([{ name: "d/a.bin", body: someBytes(700) }]);

async function write(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  for (const [name, bytes] of files) {
    const slash = name.lastIndexOf("/");
    if (slash > 0) {
      await Deno.mkdir(`${folder}/${name.slice(0, slash)}`, {
        recursive: true,
      });
    }
    await Deno.writeFile(`${folder}/${name}`, bytes);
  }
}

/** One of the files damaged. */
function damage(
  files: ReadonlyMap<string, Uint8Array>,
  random: Random,
): Map<string, Uint8Array> {
  const name = oneOf([...files.keys()], random);
  return new Map([...files, [name, mutateBytes(files.get(name)!, random)]]);
}

async function restore(folder: string): Promise<void> {
  const checkpoint = await loadCheckpoint(folder);
  checkpoint?.restore(SUBJECT);
  if (Object.hasOwn(Object.prototype, "x")) throw new Error("polluted");
}

/** The header of a checkpoint, damaged, with a checksum that is right. */
async function craft(random: Random): Promise<Map<string, Uint8Array>> {
  const [name, bytes] = [...CHECKPOINT].find(([name]) =>
    name.endsWith("checkpoint.json")
  )!;
  const { header } = JSON.parse(new TextDecoder().decode(bytes));
  const json = JSON.stringify(mutateJson(header, random)) ?? "null";
  const sum = toHex(await sha256(JSON.stringify(JSON.parse(json))));
  return new Map([
    ...CHECKPOINT,
    [name, new TextEncoder().encode(`{"sha256":"${sum}","header":${json}}`)],
  ]);
}

/** Options of `create` with odd values. */
function odd(options: Damaged, random: Random): Damaged {
  return mutateJson(options, random);
}

export const TARGETS: readonly FuzzTarget[] = [
  {
    name: "CyclicLR.fromJSON",
    cost: 1,
    run(random) {
      const again = CyclicLR.fromJSON(mutateJson(CLR, random) as Damaged);
      use((t) => again.at(t));
      toCsv(again.history);
    },
  },
  {
    name: "CyclicLR.fromJSON of text",
    cost: 1,
    run: (random) => CyclicLR.fromJSON(mutateText(JSON.stringify(CLR), random)),
  },
  {
    name: "CyclicLR.restore",
    cost: 1,
    run: (random) =>
      new CyclicLR({ stopAfterCycles: 3 }).restore(
        mutateJson(CLR, random) as Damaged,
      ),
  },
  {
    name: "LearningRateScheduler.restore",
    cost: 1,
    run: (random) =>
      new LearningRateScheduler(() => 0.1).restore(
        mutateJson(CLR, random) as Damaged,
      ),
  },
  {
    name: "LearningRateScheduler.step",
    cost: 1,
    run(random) {
      const own = new LearningRateScheduler(() => 0.1).attach(tf.train.sgd(1));
      const before = JSON.stringify(own);
      const logs = {
        [oneOf(["loss", "__proto__", "constructor"], random)]: oddValue(random),
      };
      try {
        own.step(logs as Damaged);
      } catch (error) {
        if (JSON.stringify(own) !== before) throw new Error("half a step");
        throw error;
      }
      CyclicLR.fromJSON({ ...CLR, history: own.history });
    },
  },
  {
    name: "ReduceLROnPlateau.fromJSON",
    cost: 1,
    run: (random) =>
      ReduceLROnPlateau.fromJSON(mutateJson(PLATEAU, random) as Damaged),
  },
  {
    name: "HyperparameterScheduler.restore",
    cost: 1,
    run: (random) =>
      new HyperparameterScheduler({
        name: "x",
        schedule: () => 1,
        set: () => {},
      }).restore(
        mutateJson({
          type: "HyperparameterScheduler",
          version: 2,
          name: "x",
          iteration: 2,
          historyLimit: 16,
          history: { iterations: [1, 2], x: [1, 1] },
        }, random) as Damaged,
      ),
  },
  {
    name: "LearningRateRange.fromJSON",
    cost: 1,
    run(random) {
      const range = LearningRateRange.fromJSON(
        mutateJson(RANGE, random) as Damaged,
      );
      range.toCSV();
    },
  },
  {
    name: "LearningRateRange.fromCurve",
    cost: 4,
    run(random) {
      const options = mutateJson(
        { metrics: { acc: rates }, beta: 0.9, growth: "exponential" },
        random,
      );
      const curve = (values: number[]) =>
        random() < 0.7 ? values : mutateJson(values, random) as Damaged;
      LearningRateRange.fromCurve(
        curve(rates),
        curve(rates),
        options as Damaged,
      );
    },
  },
  ...["CyclicLR", "ReduceLROnPlateau", "Checkpointer", "layerRates"].map((
    name,
  ): FuzzTarget => ({
    name: `new ${name}`,
    cost: 1,
    run(random) {
      switch (name) {
        case "CyclicLR":
          return new CyclicLR(
            odd(
              { baseLr: 0.1, maxLr: 1, stepSize: 3, stopAfterCycles: 2 },
              random,
            ),
          );
        case "ReduceLROnPlateau":
          return new ReduceLROnPlateau(odd(PLATEAU.options, random));
        case "Checkpointer":
          return new Checkpointer(
            "x",
            { scheduler, ...odd({ every: 5, keep: 2 }, random) },
          );
        default: {
          using _rates = layerRates(model, odd({ a: 0.1, "*": 1 }, random));
        }
      }
    },
  })),
  ...Object.entries(OPTIONS).map(([name, [create, options]]): FuzzTarget => ({
    name,
    cost: 1,
    run(random) {
      const created = create(odd(options, random));
      if (typeof created === "function") use(created);
    },
  })),
  {
    name: "fromDescription",
    cost: 1,
    run: (random) =>
      use(schedules.fromDescription(
        mutateJson(oneOf(DESCRIPTIONS, random), random) as Damaged,
      )),
  },
  {
    name: "fromKeras",
    cost: 1,
    run: (random) =>
      use(schedules.fromKeras(
        mutateJson(oneOf(KERAS, random), random) as Damaged,
      )),
  },
  {
    name: "fromPyTorch",
    cost: 1,
    run: (random) =>
      use(
        schedules.fromPyTorch(
          mutateJson(oneOf(PYTORCH, random), random) as Damaged,
        ).schedule,
      ),
  },
  {
    name: "makePlan",
    cost: 1,
    run: (random) =>
      makePlan({
        images: 1 + below(1e6, random),
        batchSize: 1 + below(1e3, random),
        epochs: 1 + below(10 ** (1 + below(7, random)), random),
        cycleLength: 1 + below(1e4, random),
      }),
  },
  {
    name: "parseFlags",
    cost: 1,
    run(random) {
      const names = Object.keys(FLAGS);
      const args = Array.from({ length: below(6, random) }, () =>
        oneOf([
          `--${oneOf(names, random)}`,
          `--${oneOf(names, random)}=${oddValue(random)}`,
          `--no-${oneOf(names, random)}`,
          `${oddValue(random)}`,
          `--${oddValue(random)}`,
          "--",
          "-",
          "-h",
        ], random));
      parseFlags(FLAGS, args);
    },
  },
  {
    name: "decodeSafetensors",
    cost: 1,
    run(random) {
      try {
        decodeSafetensors(mutateBytes(TENSORS, random));
      } catch (error) {
        // Part of a sentence, which whoever reads the file begins.
        if (!(error instanceof RangeError)) throw error;
      }
    },
  },
  {
    name: "readCsv",
    cost: 1,
    run(random) {
      const { features, targets } = readCsv(
        mutateText(oneOf(TABLES, random), random),
      );
      if (![...features, ...targets].every(Number.isFinite)) {
        throw new Error("no numbers");
      }
    },
  },
  {
    name: "readOrientation",
    cost: 1,
    run: (random) => readOrientation(mutateBytes(someBytes(60), random)),
  },
  {
    name: "readImageFile",
    cost: 8,
    async run(random, folder) {
      await Deno.writeFile(
        `${folder}/image`,
        mutateBytes(oneOf(IMAGES, random), random),
      );
      const { width, height, pixels } = await readImageFile(`${folder}/image`);
      if (!(width > 0 && height > 0 && pixels.length === 3 * width * height)) {
        throw new Error("no image");
      }
    },
  },
  {
    name: "loadMnist",
    cost: 20,
    async run(random, folder) {
      const zipped = random() < 0.3;
      const files = new Map<string, Uint8Array>(Object.entries(IDX));
      const damaged = damage(files, random);
      for (const [name, bytes] of damaged) {
        if (zipped && random() < 0.5) {
          const packed = await gzip(Uint8Array.from(bytes));
          damaged.delete(name);
          damaged.set(
            `${name}.gz`,
            random() < 0.5 ? packed : mutateBytes(packed, random),
          );
        }
      }
      await write(folder, damaged);
      await loadMnist({ source: folder, log: () => {} });
    },
  },
  {
    name: "extractTarGz",
    cost: 20,
    async run(random, folder) {
      const archive = random() < 0.5
        ? mutateBytes(ARCHIVE, random)
        : await gzip(mutateBytes(UNPACKED, random));
      await Deno.writeFile(`${folder}/a.tar.gz`, archive);
      await Deno.mkdir(`${folder}/out`);
      await extractTarGz(`${folder}/a.tar.gz`, `${folder}/out`, [
        { entry: "d/a.bin", name: "a.bin", size: 700 },
      ]);
    },
  },
  {
    name: "loadCheckpoint",
    cost: 20,
    async run(random, folder) {
      await write(folder, damage(CHECKPOINT, random));
      await restore(folder);
    },
  },
  {
    name: "loadCheckpoint of a crafted header",
    cost: 20,
    async run(random, folder) {
      await write(folder, await craft(random));
      await restore(folder);
    },
  },
  {
    name: "loadModel",
    cost: 30,
    async run(random, folder) {
      const files = new Map(MODEL);
      if (random() < 0.5) {
        const { weightsManifest, ...topology } = JSON.parse(
          new TextDecoder().decode(files.get("model.json")),
        );
        const json = JSON.stringify({
          ...topology,
          weightsManifest: mutateJson(weightsManifest, random),
        });
        files.set("model.json", new TextEncoder().encode(json));
      }
      await write(folder, damage(files, random));
      (await loadModel(folder)).dispose();
    },
  },
  {
    name: "paper --report",
    cost: 10,
    async run(random, folder) {
      const json = random() < 0.8
        ? JSON.stringify(mutateJson(RESULT, random)) ?? ""
        : mutateText(JSON.stringify(RESULT), random);
      await Deno.writeTextFile(`${folder}/a.json`, json);
      reportMarkdown(await readResults(folder));
    },
  },
];
