/**
 * One training step of Caffe's CIFAR-10 quick network on the WASM backend
 * beside PyTorch's on the same machine: on one thread each, then on all
 * threads each.
 *
 *     deno task bench:step
 *
 * The engines take turns, each in a process of its own, so that what else the
 * machine does weighs on both; the ratio is that of the medians. Images are
 * random: a step takes the same time whatever they show. PyTorch is left out
 * where `--python` has none.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { fromFileUrl } from "@std/path";
import { selectBackend } from "@clr/clr/backends";
import {
  createCifar10Quick,
  createCifar10QuickOptimizer,
} from "../../examples/models/cifar10_quick.ts";
import { runCommand } from "../../src/command/run.ts";
import { describeFlags, parseFlags } from "../../src/command/flags.ts";

const FLAGS = {
  "batch-size": {
    kind: "integer",
    min: 1,
    default: 100,
    help: "Images in a batch.",
  },
  steps: {
    kind: "integer",
    min: 1,
    default: 10,
    help: "Measured steps in a turn; three more come before them.",
  },
  turns: {
    kind: "integer",
    min: 1,
    default: 3,
    help: "How often each engine is measured.",
  },
  threads: {
    kind: "integer",
    min: 1,
    help: "All threads, instead of one for each processor core.",
  },
  python: {
    kind: "text",
    default: "python3",
    value: "PROGRAM",
    help: "The Python that has PyTorch.",
  },
  measure: {
    kind: "integer",
    min: 1,
    value: "THREADS",
    help: "Only print our own times on that many threads.",
  },
  help: { kind: "switch", help: "Show this help." },
} as const;

async function measure(
  threads: number,
  batchSize: number,
  steps: number,
): Promise<number[]> {
  const { device } = await selectBackend({ backend: "wasm", threads });
  console.error(device);
  const optimizer = createCifar10QuickOptimizer();
  const model = createCifar10Quick({ optimizer });
  const xs = tf.randomNormal([batchSize, 32, 32, 3]);
  const labels = tf.randomUniform([batchSize], 0, 10, "int32");
  const ys = tf.oneHot(labels, 10);
  const times: number[] = [];
  for (let step = 0; step < steps + 3; step++) {
    const start = performance.now();
    await model.trainOnBatch(xs, ys);
    times.push(performance.now() - start);
  }
  return times.slice(3);
}

async function run(program: string, args: string[]): Promise<number[]> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args })
    .output();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(decoder.decode(stderr));
  return decoder.decode(stdout).trim().split("\n").at(-1)!.split(" ")
    .map(Number);
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]
    : (sorted[middle - 1] + sorted[middle]) / 2;
}

async function main(): Promise<number> {
  const flags = parseFlags(FLAGS, Deno.args);
  if (flags.help) {
    console.log(describeFlags(FLAGS));
    return 0;
  }
  const { steps, turns, python, "batch-size": batchSize } = flags;
  if (flags.measure !== undefined) {
    console.log((await measure(flags.measure, batchSize, steps)).join(" "));
    return 0;
  }
  const own = fromFileUrl(import.meta.url);
  const theirs = fromFileUrl(
    new URL("quick_step_pytorch.py", import.meta.url),
  );
  const workload = ["--batch-size", `${batchSize}`, "--steps", `${steps}`];
  const all = flags.threads ?? navigator.hardwareConcurrency;
  console.log(
    `One training step of the CIFAR-10 quick network, batch ${batchSize}, ` +
      `tfjs ${tf.version.tfjs},\nmedian (fastest) of ${turns} × ${steps} steps, ` +
      `${navigator.hardwareConcurrency} processor cores\n`,
  );
  for (const threads of new Set([1, all])) {
    const ours: number[] = [];
    const torch: number[] = [];
    let missing = "";
    for (let turn = 0; turn < turns; turn++) {
      ours.push(
        ...await run(Deno.execPath(), [
          ...["run", "-A", "--quiet", own, "--measure", `${threads}`],
          ...workload,
        ]),
      );
      try {
        torch.push(
          ...await run(python, [
            ...[theirs, "--threads", `${threads}`],
            ...workload,
          ]),
        );
      } catch (error) {
        missing = (error as Error).message.trim().split("\n").at(-1)!;
      }
    }
    const show = (times: number[]) =>
      `${median(times).toFixed(1)} ms (${Math.min(...times).toFixed(1)} ms)`;
    const name = `${threads} thread${threads === 1 ? "" : "s"}`;
    console.log(`WASM SIMD, ${name}: ${show(ours)}`);
    console.log(
      missing
        ? `PyTorch, ${name}: not measured (${missing})`
        : `PyTorch, ${name}: ${show(torch)}`,
    );
    if (!missing) {
      const ratio = median(ours) / median(torch);
      const fastest = Math.min(...ours) / Math.min(...torch);
      console.log(
        `WASM takes ${ratio.toFixed(2)} times as long ` +
          `(${fastest.toFixed(2)} by the fastest steps)\n`,
      );
    }
  }
  return 0;
}

if (import.meta.main) await runCommand(main);
