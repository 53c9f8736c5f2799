/**
 * The convolution kernels of WASM beside PyTorch's, at the shapes of the
 * CIFAR-10 quick network (batch 100), ResNet-20 (128) and MiniGoogLeNet (64):
 * as they are chosen, all term by term (without Winograd's minimal filtering),
 * and PyTorch's. At the end it prints GFLOP/s, counted as if term by term, of the
 * fastest runs.
 *
 *     deno bench -A bench/backends/convolutions_bench.ts
 *     THREADS=1 PYTHON=/usr/bin/python3 deno bench -A bench/backends/convolutions_bench.ts
 *
 * PyTorch answers from a process of its own, which adds some 0.1 ms to each run,
 * and is left out where `PYTHON` (default `python3`) has none.
 */

import * as tf from "@tensorflow/tfjs";
import { fromFileUrl } from "@std/path";
import { enableWasmTraining, selectBackend } from "@clr/clr/backends";
import type {
  BackendWasm,
  TensorInfo,
} from "../../src/backends/wasm/_wasm_kernel.ts";

const threads = Number(
  Deno.env.get("THREADS") ?? navigator.hardwareConcurrency,
);
const { device } = await selectBackend({ backend: "wasm", threads });
const wasm = tf.backend() as unknown as BackendWasm;

interface Layer {
  readonly title: string;
  readonly images: number;
  readonly size: number;
  readonly channels: number;
  readonly filters: number;
  readonly side: number;
  readonly stride: number;
}

const layers: readonly Layer[] = ([
  ["quick conv1", 100, 32, 3, 32, 5],
  ["quick conv2", 100, 16, 32, 32, 5],
  ["quick conv3", 100, 8, 32, 64, 5],
  ["ResNet stage 1", 128, 32, 16, 16, 3],
  ["ResNet stage 2", 128, 16, 32, 32, 3],
  ["ResNet stage 3", 128, 8, 64, 64, 3],
  ["ResNet downsampling", 128, 32, 16, 32, 3, 2],
  ["inception 3×3, early", 64, 32, 64, 48, 3],
  ["inception 3×3, middle", 64, 15, 160, 96, 3],
  ["inception 3×3, late", 64, 7, 336, 160, 3],
  ["inception 1×1, early", 64, 32, 96, 32, 1],
  ["inception 1×1, middle", 64, 15, 160, 96, 1],
  ["inception 1×1, late", 64, 7, 336, 176, 1],
] as const).map((
  [title, images, size, channels, filters, side, stride = 1],
) => ({ title, images, size, channels, filters, side, stride }));

const NEWLINE = 10;

/** Runs PyTorch's kernels, one after another. */
class PyTorch {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  private constructor(process: Deno.ChildProcess) {
    this.#writer = process.stdin.getWriter();
    this.#reader = process.stdout.getReader();
    addEventListener("unload", () => process.kill());
  }

  /** Starts it, if the Python has it. */
  static async start(): Promise<PyTorch | undefined> {
    const python = Deno.env.get("PYTHON") ?? "python3";
    const script = new URL("convolutions_pytorch.py", import.meta.url);
    const { success } = await new Deno.Command(python, {
      args: ["-c", "import torch"],
      stderr: "null",
    }).output();
    if (!success) {
      console.log(`${python} has no PyTorch: its kernels are left out`);
      return undefined;
    }
    return new PyTorch(
      new Deno.Command(python, {
        args: [fromFileUrl(script), `${threads}`],
        stdin: "piped",
        stdout: "piped",
      }).spawn(),
    );
  }

  async run(shape: object): Promise<void> {
    const line = `${JSON.stringify(shape)}\n`;
    await this.#writer.write(new TextEncoder().encode(line));
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) throw new Error("PyTorch's process has ended");
      if (value.includes(NEWLINE)) return;
    }
  }
}

/** What one kernel runs, and how it fared by each engine. */
interface Case {
  readonly name: string;
  readonly operations: number;
  readonly fastest: Map<string, number>;
}

const cases: Case[] = [];
const torch = await PyTorch.start();

function run(
  kernelName: string,
  inputs: Record<string, tf.Tensor>,
  attrs: object,
): void {
  const out = tf.getKernel(kernelName, "wasm")!.kernelFunc({
    inputs,
    backend: wasm,
    attrs: attrs as tf.NamedAttrMap,
  }) as TensorInfo;
  // Gradients of inputs are computed when they are read.
  wasm.dataIdMap.get(out.dataId);
  wasm.disposeData(out.dataId);
}

function compare(
  layer: Layer,
  kernel: "forward" | "input" | "filter",
  ours: () => void,
): void {
  const { images, size, channels, filters, side, stride } = layer;
  const pixels = images * Math.ceil(size / stride) ** 2;
  const { title } = layer;
  const measured: Case = {
    name: `${title}, ${side}×${side}, ${channels} → ${filters}, ${kernel}`,
    operations: 2 * pixels * channels * filters * side ** 2,
    fastest: new Map(),
  };
  cases.push(measured);
  const bench = (
    name: string,
    body: () => void | Promise<void>,
    prepare: () => Promise<void>,
  ) =>
    Deno.bench({
      name,
      group: measured.name,
      baseline: name === "term by term",
      n: 12,
      warmup: 6,
      fn: async (context) => {
        await prepare();
        context.start();
        const start = performance.now();
        await body();
        const time = performance.now() - start;
        context.end();
        const before = measured.fastest.get(name) ?? Infinity;
        measured.fastest.set(name, Math.min(before, time));
      },
    });
  bench(device, ours, () => enableWasmTraining());
  bench("term by term", ours, () => enableWasmTraining({ winograd: false }));
  if (torch) {
    bench("PyTorch", () => torch.run({ kernel, ...layer }), async () => {});
  }
}

for (const layer of layers) {
  const { images, size, channels, filters, side, stride } = layer;
  const x = tf.randomNormal([images, size, size, channels]);
  const filter = tf.randomNormal([side, side, channels, filters]);
  const bias = tf.randomNormal([filters]);
  const outSize = Math.ceil(size / stride);
  const dy = tf.randomNormal([images, outSize, outSize, filters]);
  const attrs = {
    strides: stride,
    pad: "same",
    dataFormat: "NHWC",
    dilations: 1,
  };
  compare(layer, "forward", () =>
    run("FusedConv2D", { x, filter, bias }, {
      ...attrs,
      activation: "linear",
    }));
  compare(
    layer,
    "input",
    () =>
      run("Conv2DBackpropInput", { dy, filter }, {
        ...attrs,
        inputShape: x.shape,
      }),
  );
  compare(
    layer,
    "filter",
    () =>
      run("Conv2DBackpropFilter", { x, dy }, {
        ...attrs,
        filterShape: filter.shape,
      }),
  );
}

addEventListener("unload", () => {
  console.log(`\nGFLOP/s, ${device}, tfjs ${tf.version.tfjs}\n`);
  console.log("| kernel | WASM | term by term | PyTorch |");
  console.log("| --- | --- | --- | --- |");
  for (const { name, operations, fastest } of cases) {
    const rates = [device, "term by term", "PyTorch"].map((engine) => {
      const time = fastest.get(engine);
      return time === undefined ? "" : (operations / time / 1e6).toFixed(0);
    });
    console.log(`| ${name} | ${rates.join(" | ")} |`);
  }
});
