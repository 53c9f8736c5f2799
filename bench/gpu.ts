/**
 * Measures this machine's GPU: the doctor's answer, whether WebGPU trains to
 * the CPU backend's losses and weights, and how many training steps a second it
 * makes of Caffe's CIFAR-10 quick network and of MiniGoogLeNet, beside PyTorch
 * on the same card (`bench/gpu_pytorch.py`). It writes one JSON file.
 *
 *     deno task bench:gpu --output bench/results/h200.json
 *
 * Images are random: a step takes the same time whatever they show. A step is
 * the forward and backward pass of a batch and the update by SGD with momentum
 * 0.9. "queued" lets the GPU work through all steps and waits at the end, as
 * `model.fit` does; "reading" reads the loss after each, as a progress line or
 * a finder does.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { startWebGPU, WebGPUUnavailableError } from "@clr/clr/backends";
import { formatGpuSample, GpuSampler } from "@clr/clr/devices";
import { examineMachine } from "@clr/clr/doctor";
import { fromFileUrl } from "@std/path";
import { createCifar10Quick } from "../examples/models/cifar10_quick.ts";
import { createMiniGoogLeNet } from "../examples/models/minigooglenet.ts";
import { runCommand } from "../src/command/run.ts";
import { type FlagValues, UsageError } from "../src/command/flags.ts";
import { median } from "../src/metrics/median.ts";
import { writeFile } from "../src/runtime/write_file.ts";

const FLAGS = {
  output: {
    kind: "text",
    value: "FILE",
    help: "Write the results to this JSON file.",
  },
  "batch-sizes": {
    kind: "text",
    default: "100,1000",
    value: "N,N",
    help: "Images in a batch.",
  },
  steps: {
    kind: "integer",
    min: 1,
    default: 50,
    help: "Training steps in a measurement.",
  },
  repeats: {
    kind: "integer",
    min: 1,
    default: 3,
    help: "Measurements of each network; the median counts.",
  },
  "allow-software": {
    kind: "switch",
    help: "Measure a software adapter too, to try this script.",
  },
  python: {
    kind: "text",
    default: "python3",
    value: "PROGRAM",
    help: "The Python whose PyTorch to compare with.",
  },
  pytorch: {
    kind: "switch",
    default: true,
    help: "Leave PyTorch out.",
  },
} as const;

const NETWORKS = {
  cifar10_quick: () => createCifar10Quick(),
  minigooglenet: () => createMiniGoogLeNet(),
};

/** One network at one batch size. */
interface Speed {
  network: string;
  parameters: number;
  batchSize: number;
  steps: number;
  repeats: number;
  /** Medians, in training steps a second. */
  stepsPerSecond: { queued: number; reading: number };
  /** What NVML saw of the GPU under the last measurement. */
  gpu: string[];
}

/** A network that could not be measured, and why. */
interface Failure {
  network: string;
  batchSize: number;
  problem: string;
}

function randomImages(batchSize: number): { xs: tf.Tensor; ys: tf.Tensor } {
  return tf.tidy(() => ({
    xs: tf.randomNormal([batchSize, 32, 32, 3]),
    ys: tf.oneHot(
      tf.tensor1d(Array.from({ length: batchSize }, (_, i) => i % 10), "int32"),
      10,
    ),
  }));
}

async function measure(
  network: keyof typeof NETWORKS,
  batchSize: number,
  steps: number,
  repeats: number,
): Promise<Speed> {
  const model = NETWORKS[network]();
  model.compile({
    optimizer: tf.train.momentum(0.001, 0.9),
    loss: "categoricalCrossentropy",
  });
  const { xs, ys } = randomImages(batchSize);
  await using sampler = new GpuSampler();

  const perSecond = async (run: () => Promise<void>) => {
    const start = performance.now();
    await run();
    return 1000 * steps / (performance.now() - start);
  };
  const queued = async () => {
    for (let i = 1; i < steps; i++) {
      tf.dispose(trainStep(model, xs, ys));
    }
    const loss = trainStep(model, xs, ys);
    await loss.data();
    loss.dispose();
  };
  const reading = async () => {
    for (let i = 0; i < steps; i++) await model.trainOnBatch(xs, ys);
  };

  await queued(); // compiles the shaders and fills the buffers
  const speeds = { queued: [] as number[], reading: [] as number[] };
  for (let i = 0; i < repeats; i++) {
    speeds.queued.push(await perSecond(queued));
    speeds.reading.push(await perSecond(reading));
  }
  const result = {
    network,
    parameters: model.countParams(),
    batchSize,
    steps,
    repeats,
    stepsPerSecond: {
      queued: median(speeds.queued),
      reading: median(speeds.reading),
    },
    gpu: sampler.latest.map(formatGpuSample),
  };
  tf.dispose([xs, ys]);
  model.optimizer.dispose();
  model.dispose();
  return result;
}

/** What `model.trainOnBatch` does before it reads the loss. */
function trainStep(
  model: tf.LayersModel,
  xs: tf.Tensor,
  ys: tf.Tensor,
): tf.Scalar {
  return tf.tidy(() =>
    model.optimizer.minimize(
      () => {
        const output = model.apply(xs, { training: true }) as tf.Tensor;
        const loss = tf.metrics.categoricalCrossentropy(ys, output).mean();
        return tf.addN([loss, ...model.calculateLosses()]) as tf.Scalar;
      },
      true,
      model.trainableWeights.map((weight) => weight.read() as tf.Variable),
    )!
  );
}

/** How far 20 steps on WebGPU end from the same steps on the CPU backend. */
interface Correctness {
  steps: number;
  firstLoss: number;
  lastLoss: number;
  largestLossDifference: number;
  largestWeightDifference: number;
  correct: boolean;
}

const TOLERANCE = 1e-4;

async function checkCorrectness(): Promise<Correctness> {
  const steps = 20;
  await tf.setBackend("cpu");
  const expected = await trainSmall(steps);
  await tf.setBackend("webgpu");
  const actual = await trainSmall(steps);
  const largestLossDifference = largestDifference(
    actual.losses,
    expected.losses,
  );
  const largestWeightDifference = largestDifference(
    actual.weights,
    expected.weights,
  );
  return {
    steps,
    firstLoss: expected.losses[0],
    lastLoss: expected.losses[steps - 1],
    largestLossDifference,
    largestWeightDifference,
    correct: Math.max(largestLossDifference, largestWeightDifference) <
      TOLERANCE,
  };
}

/** A CNN with batch norm and an inception module, small enough for the CPU. */
async function trainSmall(
  steps: number,
): Promise<{ losses: number[]; weights: number[] }> {
  let seed = 0;
  const convolution = (x: tf.SymbolicTensor, kernelSize: number) => {
    const y = tf.layers.conv2d({
      filters: 8,
      kernelSize,
      padding: "same",
      // The shift of batch norm takes a bias's place: its gradient would be 0,
      // but for rounding.
      useBias: false,
      kernelInitializer: tf.initializers.glorotUniform({ seed: ++seed }),
    }).apply(x);
    return tf.layers.reLU().apply(tf.layers.batchNormalization().apply(y));
  };
  const input = tf.input({ shape: [12, 12, 3] });
  const stem = convolution(input, 3) as tf.SymbolicTensor;
  const branches = [1, 3].map((size) => convolution(stem, size));
  let x = tf.layers.concatenate().apply(branches as tf.SymbolicTensor[]);
  x = tf.layers.maxPooling2d({ poolSize: 3, strides: 2 }).apply(x);
  x = tf.layers.averagePooling2d({ poolSize: 2 }).apply(x);
  const output = tf.layers.dense({
    units: 4,
    activation: "softmax",
    kernelInitializer: tf.initializers.glorotUniform({ seed: ++seed }),
  }).apply(tf.layers.flatten().apply(x)) as tf.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs: output });
  model.compile({
    optimizer: tf.train.momentum(0.05, 0.9),
    loss: "categoricalCrossentropy",
  });
  const { xs, ys } = tf.tidy(() => ({
    xs: tf.randomNormal([8, 12, 12, 3], 0, 1, "float32", 99),
    ys: tf.oneHot(tf.tensor1d([0, 1, 2, 3, 0, 1, 2, 3], "int32"), 4),
  }));
  const losses = [];
  for (let i = 0; i < steps; i++) {
    losses.push(await model.trainOnBatch(xs, ys) as number);
  }
  const weights = [];
  for (const weight of model.getWeights()) weights.push(...await weight.data());
  tf.dispose([xs, ys]);
  model.optimizer.dispose();
  model.dispose();
  return { losses, weights };
}

function largestDifference(a: number[], b: number[]): number {
  // NaN counts: Math.max gives it on.
  return Math.max(...a.map((value, i) => Math.abs(value - b[i])));
}

/** What `bench/gpu_pytorch.py` prints, or why it prints nothing. */
async function measurePyTorch(
  python: string,
  args: string[],
): Promise<Record<string, unknown>> {
  const script = fromFileUrl(new URL("gpu_pytorch.py", import.meta.url));
  try {
    const { success, stdout, stderr } = await new Deno.Command(python, {
      args: [script, ...args],
    }).output();
    const lines = new TextDecoder().decode(success ? stdout : stderr).trim();
    return success
      ? JSON.parse(lines)
      : { skipped: lines.split("\n").at(-1) ?? "it failed" };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { skipped: `${python} is not installed` };
  }
}

function batchSizes(text: string): number[] {
  const sizes = text.split(",").map(Number);
  if (sizes.every((size) => Number.isInteger(size) && size > 0)) return sizes;
  throw new UsageError(
    "Cannot read --batch-sizes: it must be whole numbers > 0 with commas " +
      `between, current value is "${text}"`,
  );
}

async function main(flags: FlagValues<typeof FLAGS>): Promise<number> {
  const sizes = batchSizes(flags["batch-sizes"]);
  const { steps, repeats } = flags;

  const doctor = await examineMachine();
  const { device, isFallbackAdapter } = await startWebGPU({
    allowSoftware: flags["allow-software"],
  });
  console.log(`${device}${isFallbackAdapter ? " (software)" : ""}`);
  const correctness = await checkCorrectness();
  const { largestLossDifference, largestWeightDifference } = correctness;
  console.log(
    `${correctness.correct ? "Correct" : "WRONG"}: after 20 steps losses ` +
      `within ${largestLossDifference.toExponential(1)} and weights within ` +
      `${largestWeightDifference.toExponential(1)} of the CPU backend's`,
  );

  const vulkan = doctor.facts.vulkan.devices.find(({ name }) =>
    name === device
  );
  const speeds: (Speed | Failure)[] = [];
  let pytorch: Record<string, unknown> = { skipped: "--no-pytorch" };
  /** After each measurement: a machine may be taken away before the last. */
  const save = async () => {
    if (!flags.output) return;
    const result = {
      command: ["deno task bench:gpu", ...Deno.args].join(" "),
      date: new Date().toISOString().slice(0, 10),
      device,
      software: isFallbackAdapter,
      driver: vulkan?.driver ?? doctor.nvidiaDriver ?? "unknown",
      deno: Deno.version.deno,
      tfjs: tf.version.tfjs,
      correctness,
      speeds,
      pytorch,
      doctor,
    };
    await writeFile(flags.output, JSON.stringify(result, null, 2) + "\n");
  };

  for (const network of Object.keys(NETWORKS) as (keyof typeof NETWORKS)[]) {
    for (const batchSize of sizes) {
      const label = `${network}, batch ${batchSize}`;
      try {
        const speed = await measure(network, batchSize, steps, repeats);
        const { queued, reading } = speed.stepsPerSecond;
        console.log(
          `${label}: ${queued.toPrecision(3)} steps/s queued, ` +
            `${reading.toPrecision(3)} reading`,
        );
        speeds.push(speed);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        console.log(`${label}: ${error.message}`);
        speeds.push({ network, batchSize, problem: error.message });
      }
      await save();
    }
  }

  if (flags.pytorch) {
    pytorch = await measurePyTorch(flags.python, [
      `--batch-sizes=${sizes}`,
      `--steps=${steps}`,
      `--repeats=${repeats}`,
      ...flags["allow-software"] ? ["--allow-cpu"] : [],
    ]);
  }
  console.log(`PyTorch: ${JSON.stringify(pytorch)}`);
  await save();
  if (flags.output) console.log(`Written to ${flags.output}`);
  return correctness.correct ? 0 : 1;
}

if (import.meta.main) {
  await runCommand({
    summary: "Measures this machine's GPU, beside PyTorch on the same.",
    usage: "deno task bench:gpu [flags]",
    flags: FLAGS,
    main,
    expected: [WebGPUUnavailableError],
  });
}
