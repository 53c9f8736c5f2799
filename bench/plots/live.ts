/**
 * Measures what the live page costs a training run: batches of Caffe's CIFAR-10
 * quick network on WASM, in turns with and without the page, while three
 * viewers are connected, of which one never reads.
 *
 *     deno run -A bench/plots/live.ts
 *
 * Beside the clock it reads the processor time of the whole process, the page's
 * server included, which other programs on the machine disturb less.
 *
 * @module
 */

import process from "node:process";
import * as tf from "@tensorflow/tfjs";
import { CyclicLR } from "@clr/clr";
import { selectBackend } from "@clr/clr/backends";
import { LivePage } from "@clr/clr/plots";
import { createCifar10Quick } from "../../examples/models/cifar10_quick.ts";
import { type FlagValues, runCommand } from "@clr/clr/command";
import { median } from "../../src/metrics/median.ts";

const FLAGS = {
  rounds: {
    kind: "integer",
    min: 1,
    default: 12,
    help: "turns with and without the page",
  },
  batches: {
    kind: "integer",
    min: 1,
    default: 10,
    help: "training batches in a turn",
  },
  "batch-size": {
    kind: "integer",
    min: 1,
    default: 100,
    help: "images in a batch",
  },
} as const;

/** Two viewers that read, and one that does not, in a process of their own. */
const VIEWERS = `
const [url] = Deno.args;
const answers = await Promise.all([1, 2, 3].map(() => fetch(url + "events")));
console.log("connected");
await Promise.all(answers.slice(1).map((answer) =>
  answer.body.pipeTo(new WritableStream())));
`;

async function main(values: FlagValues<typeof FLAGS>): Promise<number> {
  const backend = await selectBackend({ backend: "wasm", threads: 1 });
  const model = createCifar10Quick({ seed: 1 });
  model.compile({
    optimizer: tf.train.momentum(0.001, 0.9),
    loss: "categoricalCrossentropy",
    metrics: ["accuracy"],
  });
  const size = values["batch-size"];
  const xs = tf.randomUniform([size, 32, 32, 3], -128, 128, "float32", 1);
  const ys = tf.oneHot(
    tf.range(0, size).toInt().mod(tf.scalar(10, "int32")),
    10,
  );
  const clr = new CyclicLR({ stepSize: 50 }).attach(model.optimizer);

  await using live = await LivePage.open({ title: "Bench" });
  const viewers = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--ext=js", "-", live.url],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = viewers.stdin.getWriter();
  await writer.write(new TextEncoder().encode(VIEWERS));
  await writer.close();
  const connected = await viewers.stdout.getReader().read();
  if (connected.done) throw new Error("The viewers did not connect");

  const following: number[] = [];
  const turn = async (shown: boolean) => {
    const cpu = process.cpuUsage();
    const start = performance.now();
    for (let i = 0; i < values.batches; i++) {
      const [loss, acc] = await model.trainOnBatch(xs, ys) as number[];
      clr.step({ loss, acc });
      if (shown) {
        const before = performance.now();
        live.follow(clr);
        following.push(performance.now() - before);
      }
      await new Promise((resolve) => setTimeout(resolve));
    }
    const wall = performance.now() - start;
    const used = process.cpuUsage(cpu);
    return {
      wall: wall / values.batches,
      cpu: (used.user + used.system) / 1000 / values.batches,
    };
  };

  await turn(true);
  const ratios = { wall: [] as number[], cpu: [] as number[] };
  const without = { wall: [] as number[], cpu: [] as number[] };
  for (let round = 0; round < values.rounds; round++) {
    // In changing order, so that what drifts falls on both alike.
    const first = await turn(round % 2 === 0);
    const second = await turn(round % 2 === 1);
    const [on, off] = round % 2 === 0 ? [first, second] : [second, first];
    for (const kind of ["wall", "cpu"] as const) {
      ratios[kind].push(on[kind] / off[kind]);
      without[kind].push(off[kind]);
    }
  }

  console.log(
    `${backend.device}, quick network, ${size} random images a batch, ` +
      `${values.rounds} rounds of ${values.batches} batches, three viewers, ` +
      `one stalled`,
  );
  for (const kind of ["wall", "cpu"] as const) {
    console.log(
      `${kind === "wall" ? "clock" : "processor"}: ${
        median(without[kind]).toFixed(1)
      } ms a batch without; with the page ${
        (100 * (median(ratios[kind]) - 1)).toFixed(2)
      } % more (median; rounds from ${
        (100 * (Math.min(...ratios[kind]) - 1)).toFixed(1)
      } to ${(100 * (Math.max(...ratios[kind]) - 1)).toFixed(1)} %)`,
    );
  }
  const own = following.reduce((sum, ms) => sum + ms, 0) / following.length;
  console.log(
    `follow() itself: ${(1000 * own).toFixed(0)} µs a batch (mean), ${
      (100 * own / median(without.wall)).toFixed(3)
    } % of it`,
  );
  viewers.kill();
  await viewers.status;
  tf.dispose([xs, ys]);
  return 0;
}

if (import.meta.main) {
  await runCommand({
    summary: "Measures what a live page costs the training that it shows.",
    usage: "deno run -A bench/plots/live.ts [flags]",
    flags: FLAGS,
    main,
  });
}
