/**
 * Measures this machine's GPU, beside PyTorch on the same card. In this order,
 * each written to one JSON file as soon as it is done, so that a machine that is
 * taken away loses no part before: PyTorch's steps, the doctor's answer, whether
 * WebGPU trains to the CPU backend's losses and weights, steps a second of four
 * networks, what a step costs the processor beside tfjs's own backend, what the
 * callback and the finder add, a row of the paper in full, and the memory of
 * steps that nobody waits for.
 *
 *     deno task bench:gpu --data cifar-10-jpeg.tar.gz --output h200.json
 *     deno task bench:gpu --rehearse
 *
 * Images are random, but for the row's: a step takes the same time whatever they
 * show. A step is the forward and backward pass of a batch and the update by SGD
 * with momentum 0.9. "queued" lets the GPU work through all steps and waits at
 * the end, as `model.fit` does; "reading" reads the loss after each.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { startWebGPU } from "@clr/clr/backends";
import {
  type FlagValues,
  Interrupt,
  runCommand,
  UsageError,
  writeFile,
} from "@clr/clr/command";
import { examineMachine } from "@clr/clr/doctor";
import { fromFileUrl } from "@std/path";
import { NETWORKS } from "./gpu/_networks.ts";
import { checkCorrectness, type Correctness } from "./gpu/correctness.ts";
import { type Backend, type Counts, countStep } from "./gpu/counts.ts";
import { measureOverhead } from "./overhead.ts";
import { runPaperRow } from "./gpu/paper_row.ts";
import { measurePyTorch } from "./gpu/pytorch.ts";
import { measureQueueMemory } from "./gpu/queue_memory.ts";
import { type Effort, measureSpeed, type Speed } from "./gpu/speed.ts";

/** The parts in their order: PyTorch is to have the card for itself. */
const TITLES = {
  pytorch: "PyTorch's steps",
  machine: "The machine",
  correctness: "Correctness",
  speed: "Steps a second",
  counts: "A step on the processor, tfjs's backend and ours",
  overhead: "What the callback and the finder add",
  row: "The paper's row",
  memory: "Memory of steps that nobody waits for",
} as const;

const PARTS = Object.keys(TITLES) as (keyof typeof TITLES)[];

const FLAGS = {
  output: {
    kind: "text",
    default: "gpu.json",
    value: "FILE",
    help: "where the results go",
  },
  data: {
    kind: "text",
    value: "PATH",
    help:
      "CIFAR-10 for the paper's row: its folder, or a .tar.gz of JPEG images",
  },
  device: {
    kind: "text",
    value: "NAME",
    help: "the GPU of several, by its number or a part of its name",
  },
  networks: {
    kind: "text",
    default: Object.keys(NETWORKS).join(","),
    value: "NAMES",
    help: "which networks",
  },
  "batch-size": {
    kind: "integer",
    min: 1,
    default: 100,
    help: "images in a batch; each network's published batch is measured too",
  },
  steps: {
    kind: "integer",
    min: 1,
    default: 50,
    help: "training steps in a measurement",
  },
  repeats: {
    kind: "integer",
    min: 1,
    default: 5,
    help: "measurements of each network, of which the median counts",
  },
  minutes: {
    kind: "number",
    above: 0,
    default: 60,
    help: "time for the paper's row; later the same command goes on with it",
  },
  python: {
    kind: "text",
    default: "python3",
    value: "PROGRAM",
    help: "the Python whose PyTorch to compare with",
  },
  parts: {
    kind: "text",
    default: PARTS.join(","),
    value: "NAMES",
    help: "which parts; the machine is always looked at",
  },
  rehearse: {
    kind: "switch",
    help: "run all of it in small, on a software adapter too",
  },
  counts: {
    kind: "choice",
    choices: ["stock", "ours"],
    help: "only count a step of the one network, and print it as JSON",
  },
} as const;

/** How much of everything a rehearsal does. */
const REHEARSAL = {
  batch: 2,
  steps: 1,
  repeats: 1,
  scale: 0.0001,
  images: { train: 200, test: 20 },
  queued: 5,
  overhead: { batchSize: 2, batches: 10, pairs: 1 },
};

/** A network that could not be measured, and why. */
interface Failure {
  readonly network: string;
  readonly batchSize: number;
  readonly problem: string;
}

/** Counts a step in a process of its own. */
async function countApart(
  backend: Backend,
  network: string,
  batch: number,
): Promise<Counts | { problem: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "--quiet", fromFileUrl(import.meta.url)],
      ...["--counts", backend, "--networks", network],
      ...["--batch-size", `${batch}`],
    ],
  }).output();
  const decoder = new TextDecoder();
  if (success) {
    return JSON.parse(decoder.decode(stdout).trim().split("\n").at(-1)!);
  }
  return { problem: decoder.decode(stderr).trim().split("\n").at(-1) ?? "" };
}

/** The adapter's limits, as numbers. */
async function adapterLimits(): Promise<Record<string, number>> {
  const adapter = await navigator.gpu?.requestAdapter();
  const limits: Record<string, number> = {};
  for (const name in adapter?.limits) {
    const limit = adapter!.limits[name as keyof GPUSupportedLimits];
    if (typeof limit === "number") limits[name] = limit;
  }
  return limits;
}

type Flags = FlagValues<typeof FLAGS>;

/** The names of a flag's list, each among those that there are. */
function chosen<Name extends string>(
  flag: string,
  list: string,
  names: readonly Name[],
): Name[] {
  return list.split(",").map((given) => {
    const name = names.find((name) => name === given);
    if (name) return name;
    throw new UsageError(
      `Cannot measure as ${flag} must be among ${names.join(", ")}: ` +
        `current value is ${JSON.stringify(given)}`,
    );
  });
}

/** What is measured, how much of it, and where it is written. */
class Measurement {
  readonly flags: Flags;
  readonly networks: readonly string[];
  readonly batch: number;
  readonly effort: Effort;
  readonly signal: AbortSignal;
  readonly result: Record<string, unknown>;
  #device = "";

  constructor(flags: Flags, signal: AbortSignal) {
    this.flags = flags;
    this.signal = signal;
    this.networks = chosen("networks", flags.networks, Object.keys(NETWORKS));
    this.batch = flags.rehearse ? REHEARSAL.batch : flags["batch-size"];
    this.effort = flags.rehearse
      ? REHEARSAL
      : { steps: flags.steps, repeats: flags.repeats };
    this.result = {
      command: ["gpu", ...Deno.args].join(" "),
      date: new Date().toISOString().slice(0, 10),
      rehearsal: flags.rehearse,
      deno: Deno.version.deno,
      tfjs: tf.version.tfjs,
    };
  }

  /** Writes what there is. */
  save(): Promise<void> {
    return writeFile(
      this.flags.output,
      JSON.stringify(this.result, null, 2) + "\n",
    );
  }

  async pytorch(): Promise<void> {
    const { flags, networks, batch, effort, result } = this;
    result.pytorch = await measurePyTorch({
      python: flags.python,
      base: import.meta.url,
      args: [
        `--networks=${networks}`,
        `--batch-sizes=${batch}`,
        `--steps=${effort.steps}`,
        `--repeats=${effort.repeats}`,
        ...flags.rehearse ? ["--allow-cpu"] : [],
      ],
      onResult: async (latest) => {
        result.pytorch = latest;
        await this.save();
      },
    });
    console.log(`   ${JSON.stringify(result.pytorch)}`);
  }

  /** Starts the device, of which all other parts are. */
  async machine(): Promise<void> {
    const { flags, result } = this;
    const { device, isFallbackAdapter, isOpenGL } = await startWebGPU({
      allowSoftware: flags.rehearse,
      ...flags.device !== undefined && { device: flags.device },
    });
    const doctor = await examineMachine({ backend: "webgpu" });
    const vulkan = doctor.facts.vulkan.devices.find(({ name }) =>
      name === device
    );
    Object.assign(result, {
      device,
      software: isFallbackAdapter,
      api: isOpenGL
        ? "OpenGL"
        : Deno.build.os === "darwin"
        ? "Metal"
        : "Vulkan",
      driver: vulkan?.driver ?? doctor.nvidiaDriver ?? "unknown",
      limits: await adapterLimits(),
      doctor,
    });
    console.log(
      `   ${device}${isFallbackAdapter ? " (software)" : ""}, ${result.api}, ` +
        `driver ${result.driver}`,
    );
    this.#device = device;
  }

  async correctness(): Promise<void> {
    const correctness = await checkCorrectness();
    this.result.correctness = correctness;
    const { largestLossDifference, largestWeightDifference } = correctness;
    console.log(
      `   ${
        correctness.correct ? "Correct" : "WRONG"
      }: after 20 steps losses ` +
        `within ${largestLossDifference.toExponential(1)} and weights within ` +
        `${largestWeightDifference.toExponential(1)} of the CPU backend's`,
    );
  }

  async speed(): Promise<void> {
    const speeds: (Speed | Failure)[] = [];
    this.result.speeds = speeds;
    for (const network of this.networks) {
      const published = this.flags.rehearse
        ? this.batch
        : NETWORKS[network].publishedBatch;
      for (const batchSize of new Set([this.batch, published])) {
        const label = `   ${network}, batch ${batchSize}`;
        try {
          const speed = await measureSpeed(network, batchSize, this.effort);
          const { queued, reading } = speed.stepsPerSecond;
          console.log(
            `${label}: ${queued.toPrecision(3)} queued, ` +
              `${reading.toPrecision(3)} reading, ` +
              `${speed.gpuMilliseconds?.toPrecision(3) ?? "?"} ms on the GPU`,
          );
          speeds.push(speed);
        } catch (error) {
          if (!(error instanceof Error)) throw error;
          console.log(`${label}: ${error.message}`);
          speeds.push({ network, batchSize, problem: error.message });
        }
        await this.save();
      }
    }
  }

  async counts(): Promise<void> {
    const counts: Record<string, unknown> = {};
    this.result.counts = counts;
    for (const network of this.networks) {
      const stock = await countApart("stock", network, this.batch);
      const ours = await countApart("ours", network, this.batch);
      counts[network] = { batchSize: this.batch, stock, ours };
      console.log(
        `   ${network}: ${JSON.stringify(stock)}\n     and ${
          JSON.stringify(ours)
        }`,
      );
      await this.save();
    }
  }

  async overhead(): Promise<void> {
    const overhead = await measureOverhead(
      this.flags.rehearse
        ? REHEARSAL.overhead
        : { batchSize: this.batch, batches: 150, pairs: 6 },
    );
    this.result.overhead = overhead;
    console.log(
      `   callback ${overhead.callback.median.toFixed(3)}, finder ` +
        `${overhead.finder.median.toFixed(3)} times bare training, ` +
        `${overhead.finderToItsWork.median.toFixed(3)} times its own work`,
    );
  }

  async row(): Promise<void> {
    const { data, rehearse, output, minutes } = this.flags;
    this.result.row = data === undefined
      ? { problem: "no --data" }
      : await runPaperRow({
        data,
        out: output.replace(/\.json$/, "") + "_row",
        scale: rehearse ? REHEARSAL.scale : 1,
        ...rehearse && { images: REHEARSAL.images },
        device: this.#device,
        signal: AbortSignal.any([
          this.signal,
          AbortSignal.timeout(60_000 * minutes),
        ]),
      });
    console.log(`   ${JSON.stringify(this.result.row)}`);
  }

  async memory(): Promise<void> {
    this.result.queueMemory = await measureQueueMemory(
      this.networks[0],
      this.batch,
      this.flags.rehearse ? REHEARSAL.queued : 200,
    );
    console.log(`   ${JSON.stringify(this.result.queueMemory)}`);
  }
}

async function main(flags: Flags): Promise<number> {
  using interrupt = new Interrupt();
  const parts = chosen("parts", flags.parts, PARTS);
  const measurement = new Measurement(flags, interrupt.signal);
  if (flags.counts) {
    const counts = await countStep(
      flags.counts as Backend,
      measurement.networks[0],
      { batch: flags["batch-size"], steps: 10 },
    );
    console.log(JSON.stringify(counts));
    return 0;
  }
  for (const part of PARTS) {
    if (interrupt.signal.aborted) return 130;
    if (part !== "machine" && !parts.includes(part)) continue;
    console.log(TITLES[part]);
    await measurement[part]();
    await measurement.save();
  }
  console.log(`Written to ${flags.output}`);
  const { correctness } = measurement.result;
  return (correctness as Correctness | undefined)?.correct === false ? 1 : 0;
}

if (import.meta.main) {
  await runCommand({
    summary: "Measures this machine's GPU, beside PyTorch on the same.",
    usage: "deno task bench:gpu [flags]",
    flags: FLAGS,
    main,
  });
}
