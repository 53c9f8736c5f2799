/**
 * One training step of six networks on the WASM backend beside PyTorch's on the
 * same machine: on one thread each, then on all threads each.
 *
 *     deno task bench:step
 *     deno task bench:step --network quick,lstm --turns 1 --profile
 *
 * The engines take turns, each in a process of its own, so that what else the
 * machine does weighs on both; the ratio is that of the medians. Inputs are
 * random: a step takes the same time whatever they show. PyTorch is left out
 * where `--python` has none.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { fromFileUrl } from "@std/path";
import { selectBackend } from "@clr/clr/backends";
import { median } from "../../src/metrics/median.ts";
import { type FlagValues, runCommand } from "@clr/clr/command";
import { type NetworkName, networkNames, networks } from "./_networks.ts";
import { describeProfile, profileKernels } from "./_profile.ts";

const FLAGS = {
  network: {
    kind: "text",
    default: networkNames.join(","),
    value: "NAMES",
    help: "Which networks, separated by commas.",
  },
  "batch-size": {
    kind: "integer",
    min: 1,
    help: "Examples in a batch, instead of each network's own.",
  },
  steps: {
    kind: "integer",
    min: 1,
    default: 8,
    help: "Measured steps in a turn.",
  },
  warmup: {
    kind: "integer",
    min: 1,
    default: 3,
    help: "At least so many steps before them, for at least a second.",
  },
  turns: {
    kind: "integer",
    min: 1,
    default: 5,
    help: "How often each engine is measured.",
  },
  threads: {
    kind: "text",
    value: "COUNTS",
    help:
      "Thread counts, separated by commas, instead of 1 and one for each processor core.",
  },
  python: {
    kind: "text",
    default: "python3",
    value: "PROGRAM",
    help: "The Python that has PyTorch.",
  },
  "v8-flags": {
    kind: "text",
    value: "FLAGS",
    help:
      "Flags for V8 in our turns, such as --experimental-wasm-revectorize for 256 bits.",
  },
  profile: {
    kind: "switch",
    help: "Only our own step, and what each kernel takes of it.",
  },
  measure: {
    kind: "switch",
    help: "Only our own times, as JSON; for one network and thread count.",
  },
} as const;

/** The times of one engine's turn. */
interface Turn {
  readonly times: number[];
  readonly version: string;
  /** PyTorch's library for matrix products. */
  readonly blas?: string;
}

interface Workload {
  readonly network: NetworkName;
  readonly batchSize: number;
  readonly threads: number;
  readonly steps: number;
  readonly warmup: number;
}

const WARMUP_MS = 1000;

async function measure(
  { network, batchSize, threads, steps, warmup }: Workload,
  profile: boolean,
): Promise<number[]> {
  const { device } = await selectBackend({ backend: "wasm", threads });
  const step = networks[network].create(batchSize);
  const end = performance.now() + WARMUP_MS;
  for (let i = 0; i < warmup || performance.now() < end; i++) await step();
  const kernels = profile ? profileKernels() : undefined;
  const times: number[] = [];
  for (let i = 0; i < steps; i++) {
    const start = performance.now();
    await step();
    times.push(performance.now() - start);
  }
  if (kernels) {
    const mean = times.reduce((sum, time) => sum + time, 0) / steps;
    console.log(
      `${networks[network].title}, batch ${batchSize}, ${device}: ` +
        `${mean.toFixed(1)} ms a step\n${
          describeProfile(kernels, steps, mean)
        }\n`,
    );
  }
  return times;
}

async function run(program: string, args: string[]): Promise<Turn> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args })
    .output();
  const decoder = new TextDecoder();
  if (code !== 0) {
    throw new Error(decoder.decode(stderr).trim() || `${program} failed`);
  }
  return JSON.parse(decoder.decode(stdout).trim().split("\n").at(-1)!);
}

function argumentsOf(workload: Workload): string[] {
  return [
    ...["--network", workload.network],
    ...["--batch-size", `${workload.batchSize}`],
    ...["--threads", `${workload.threads}`],
    ...["--steps", `${workload.steps}`, "--warmup", `${workload.warmup}`],
  ];
}

/** The arguments of Deno for one of our turns. */
function ownArguments(workload: Workload, v8Flags?: string): string[] {
  return [
    ...["run", "-A", "--quiet"],
    ...v8Flags ? [`--v8-flags=${v8Flags}`] : [],
    ...[fromFileUrl(import.meta.url), "--measure"],
    ...argumentsOf(workload),
  ];
}

/** The processor's name, where the system tells it. */
async function processorName(): Promise<string> {
  try {
    const info = await Deno.readTextFile("/proc/cpuinfo");
    const field = (name: string) =>
      info.match(new RegExp(`^${name}\\s*:\\s*(.*)$`, "m"))?.[1];
    return `${field("model name")} (family ${field("cpu family")}, model ${
      field("model")
    })`;
  } catch {
    return `${Deno.build.arch} processor`;
  }
}

/** Runs the turns of one workload and prints its row of the table. */
async function compare(
  workload: Workload,
  { turns, python, v8Flags }: {
    turns: number;
    python: string;
    v8Flags: string | undefined;
  },
): Promise<Turn | undefined> {
  const theirs = fromFileUrl(new URL("step_pytorch.py", import.meta.url));
  const args = argumentsOf(workload);
  const ours: number[] = [];
  const torch: number[] = [];
  let last: Turn | undefined;
  let missing = "";
  for (let turn = 0; turn < turns; turn++) {
    const own = ownArguments(workload, v8Flags);
    ours.push(...(await run(Deno.execPath(), own)).times);
    if (missing) continue;
    try {
      last = await run(python, [theirs, ...args]);
      torch.push(...last.times);
    } catch (error) {
      missing = (error as Error).message.split("\n").at(-1)!;
    }
  }
  const show = (times: number[]) =>
    `${median(times).toFixed(1)} (${Math.min(...times).toFixed(1)})`;
  const ratio = (middle: (times: number[]) => number) =>
    (middle(ours) / middle(torch)).toFixed(2);
  const { title } = networks[workload.network];
  const row = [
    `${title}, ${workload.batchSize}`,
    `${workload.threads}`,
    show(ours),
    ...missing
      ? [missing, ""]
      : [show(torch), `${ratio(median)} (${ratio((t) => Math.min(...t))})`],
  ];
  console.log(`| ${row.join(" | ")} |`);
  return last;
}

function namesOf(text: string): NetworkName[] {
  return text.split(",").map((name) => {
    if (name in networks) return name as NetworkName;
    throw new RangeError(
      `Cannot measure a network as --network must be of ${
        networkNames.join(", ")
      }: current value is ${name}`,
    );
  });
}

function threadCounts(text: string | undefined): number[] {
  const counts = text === undefined
    ? [1, navigator.hardwareConcurrency]
    : text.split(",").map(Number);
  if (!counts.every((count) => Number.isInteger(count) && count >= 1)) {
    throw new RangeError(
      `Cannot measure a step as --threads must be whole numbers >= 1: current value is ${text}`,
    );
  }
  return [...new Set(counts)];
}

async function main(flags: FlagValues<typeof FLAGS>): Promise<number> {
  const { steps, warmup, turns, python, profile } = flags;
  const workloads = threadCounts(flags.threads).flatMap((threads) =>
    namesOf(flags.network).map((network) => ({
      network,
      threads,
      steps,
      warmup,
      batchSize: flags["batch-size"] ?? networks[network].batchSize,
    }))
  );
  if (flags.measure) {
    const times = await measure(workloads[0], profile);
    const { tfjs } = tf.version;
    if (!profile) console.log(JSON.stringify({ times, version: tfjs }));
    return 0;
  }
  const v8Flags = flags["v8-flags"];
  if (profile) {
    for (const workload of workloads) {
      const { code } = await new Deno.Command(Deno.execPath(), {
        args: [...ownArguments(workload, v8Flags), "--profile"],
      }).spawn().status;
      if (code !== 0) return code;
    }
    return 0;
  }
  console.log(
    `A training step in ms, median (fastest) of ${turns} × ${steps} steps, ` +
      `tfjs ${tf.version.tfjs} on Deno ${Deno.version.deno}` +
      `${v8Flags ? ` with ${v8Flags}` : ""},\n` +
      `${await processorName()}, ${navigator.hardwareConcurrency} cores\n\n` +
      "| network, batch | threads | WASM | PyTorch | ratio |\n" +
      "| --- | --- | --- | --- | --- |",
  );
  let torch: Turn | undefined;
  for (const workload of workloads) {
    torch = await compare(workload, { turns, python, v8Flags }) ?? torch;
  }
  if (torch) {
    console.log(`\nPyTorch ${torch.version} with the BLAS ${torch.blas}`);
    if (torch.blas === "reference") {
      console.log(
        "That is the slow reference BLAS: matrix products take several times " +
          "as long as PyTorch needs. On Debian install libopenblas0-pthread.",
      );
    }
  }
  return 0;
}

if (import.meta.main) {
  await runCommand({
    summary: "Times a training step on WASM beside PyTorch on the processor.",
    usage: "deno task bench:step [flags]",
    flags: FLAGS,
    main,
  });
}
