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
import { startWebGPU, WebGPUUnavailableError } from "@clr/clr/backends";
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
import { checkCorrectness } from "./gpu/correctness.ts";
import { type Backend, type Counts, countStep } from "./gpu/counts.ts";
import { measureOverhead } from "./gpu/overhead.ts";
import { runPaperRow } from "./gpu/paper_row.ts";
import { measurePyTorch } from "./gpu/pytorch.ts";
import { measureQueueMemory } from "./gpu/queue_memory.ts";
import { measureSpeed, type Speed } from "./gpu/speed.ts";

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
  pytorch: {
    kind: "switch",
    default: true,
    help: "leave PyTorch out",
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

async function main(flags: FlagValues<typeof FLAGS>): Promise<number> {
  const { rehearse, output } = flags;
  const networks = flags.networks.split(",");
  for (const network of networks) {
    if (!Object.hasOwn(NETWORKS, network)) {
      throw new UsageError(
        `Cannot measure as networks must be among ${
          Object.keys(NETWORKS).join(", ")
        }: current value is ${JSON.stringify(network)}`,
      );
    }
  }
  const batch = rehearse ? REHEARSAL.batch : flags["batch-size"];
  if (flags.counts) {
    const [network] = networks;
    const backend = flags.counts as Backend;
    const counts = await countStep(backend, network, {
      batch: flags["batch-size"],
      steps: 10,
    });
    console.log(JSON.stringify(counts));
    return 0;
  }
  const effort = rehearse
    ? REHEARSAL
    : { steps: flags.steps, repeats: flags.repeats };
  using interrupt = new Interrupt();

  const result: Record<string, unknown> = {
    command: ["gpu", ...Deno.args].join(" "),
    date: new Date().toISOString().slice(0, 10),
    rehearsal: rehearse,
    deno: Deno.version.deno,
    tfjs: tf.version.tfjs,
  };
  const save = () => writeFile(output, JSON.stringify(result, null, 2) + "\n");

  console.log("1. PyTorch's steps");
  result.pytorch = { skipped: "--no-pytorch" };
  if (flags.pytorch) {
    result.pytorch = await measurePyTorch({
      python: flags.python,
      base: import.meta.url,
      args: [
        `--networks=${networks}`,
        `--batch-sizes=${batch}`,
        `--steps=${effort.steps}`,
        `--repeats=${effort.repeats}`,
        ...rehearse ? ["--allow-cpu"] : [],
      ],
      async onResult(latest) {
        result.pytorch = latest;
        await save();
      },
    });
  }
  console.log(`   ${JSON.stringify(result.pytorch)}`);
  await save();

  console.log("2. The machine");
  const { device, isFallbackAdapter, isOpenGL } = await startWebGPU({
    allowSoftware: rehearse,
    ...flags.device !== undefined && { device: flags.device },
  });
  const doctor = await examineMachine({ backend: "webgpu" });
  const vulkan = doctor.facts.vulkan.devices.find(({ name }) =>
    name === device
  );
  Object.assign(result, {
    device,
    software: isFallbackAdapter,
    api: isOpenGL ? "OpenGL" : Deno.build.os === "darwin" ? "Metal" : "Vulkan",
    driver: vulkan?.driver ?? doctor.nvidiaDriver ?? "unknown",
    limits: await adapterLimits(),
    doctor,
  });
  console.log(
    `   ${device}${isFallbackAdapter ? " (software)" : ""}, ${result.api}, ` +
      `driver ${result.driver}`,
  );
  await save();

  console.log("3. Correctness");
  const correctness = await checkCorrectness();
  result.correctness = correctness;
  const { largestLossDifference, largestWeightDifference } = correctness;
  console.log(
    `   ${correctness.correct ? "Correct" : "WRONG"}: after 20 steps losses ` +
      `within ${largestLossDifference.toExponential(1)} and weights within ` +
      `${largestWeightDifference.toExponential(1)} of the CPU backend's`,
  );
  await save();

  console.log("4. Steps a second");
  const speeds: (Speed | Failure)[] = [];
  result.speeds = speeds;
  for (const network of networks) {
    const published = rehearse ? batch : NETWORKS[network].publishedBatch;
    for (const batchSize of new Set([batch, published])) {
      const label = `   ${network}, batch ${batchSize}`;
      try {
        const speed = await measureSpeed(network, batchSize, effort);
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
      await save();
    }
  }

  console.log("5. A step on the processor, tfjs's backend and ours");
  const counts: Record<string, unknown> = {};
  result.counts = counts;
  for (const network of networks) {
    const stock = await countApart("stock", network, batch);
    const ours = await countApart("ours", network, batch);
    counts[network] = { batchSize: batch, stock, ours };
    console.log(
      `   ${network}: ${JSON.stringify(stock)}\n     and ${
        JSON.stringify(ours)
      }`,
    );
    await save();
  }

  console.log("6. What the callback and the finder add");
  result.overhead = await measureOverhead(
    rehearse
      ? REHEARSAL.overhead
      : { batchSize: batch, batches: 50, pairs: 20 },
  );
  const { callback, finder } = result.overhead as Awaited<
    ReturnType<typeof measureOverhead>
  >;
  console.log(
    `   callback ${callback.median.toFixed(3)}, finder ` +
      `${finder.median.toFixed(3)} times bare training`,
  );
  await save();

  console.log("7. The paper's row");
  const out = output.replace(/\.json$/, "") + "_row";
  result.row = flags.data === undefined
    ? { problem: "no --data" }
    : await runPaperRow({
      data: flags.data,
      out,
      scale: rehearse ? REHEARSAL.scale : 1,
      ...rehearse && { images: REHEARSAL.images },
      device,
      signal: AbortSignal.any([
        interrupt.signal,
        AbortSignal.timeout(60_000 * flags.minutes),
      ]),
    });
  console.log(`   ${JSON.stringify(result.row)}`);
  await save();
  if (interrupt.signal.aborted) return 130;

  console.log("8. Memory of steps that nobody waits for");
  result.queueMemory = await measureQueueMemory(
    networks[0],
    batch,
    rehearse ? REHEARSAL.queued : 200,
  );
  console.log(`   ${JSON.stringify(result.queueMemory)}`);
  await save();
  console.log(`Written to ${output}`);
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
