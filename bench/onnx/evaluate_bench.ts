/**
 * The speed of evaluating the CIFAR-10 quick network on 10,000 images (drawn
 * ones: their content does not matter to it) with tfjs and with onnxruntime-web.
 *
 *     deno bench -A bench/onnx/evaluate_bench.ts
 *
 * Onnxruntime-web starts with one number of threads in a process, so each of
 * its rows runs in a process of its own, which loads the model and waits;
 * starting and loading are not timed, and reading the results back is.
 * `CLR_BENCH_IMAGES` sets another number of images.
 */

import * as tf from "@tensorflow/tfjs";
import { selectBackend } from "@clr/clr/backends";
import { toOnnx } from "@clr/clr/onnx";
import { createCifar10Quick } from "../../examples/models/cifar10_quick.ts";
import { EvaluationProcess } from "./_evaluation_process.ts";

const IMAGES = Number(Deno.env.get("CLR_BENCH_IMAGES") ?? 10_000);
const BATCH_SIZE = 100;
const SHAPE = [32, 32, 3];

const { backend, device } = await selectBackend({ backend: "wasm" });
console.log(
  `${IMAGES} images in batches of ${BATCH_SIZE}; tfjs ${tf.version.tfjs}, ${backend} on ${device}`,
);

const model = createCifar10Quick();
const path = await Deno.makeTempFile({ suffix: ".onnx" });
await Deno.writeFile(path, await toOnnx(model));
const batch = tf.randomUniform([BATCH_SIZE, ...SHAPE], -1, 1);
const processes = await Promise.all(
  [1, 2].map((threads) => EvaluationProcess.start(path, { threads })),
);
// The first batch allocates; it is no part of the speed.
tf.dispose(model.predict(batch));
await Deno.remove(path);

const group = `${IMAGES} images`;
Deno.bench({
  name: `tfjs, ${device}`,
  group,
  baseline: true,
  n: 3,
  warmup: 0,
  fn: async () => {
    for (let from = 0; from < IMAGES; from += BATCH_SIZE) {
      const scores = model.predict(batch) as tf.Tensor;
      await scores.data();
      scores.dispose();
    }
  },
});
for (const process of processes) {
  Deno.bench({
    name: `onnxruntime-web, WASM SIMD, threads: ${process.threads}`,
    group,
    n: 3,
    warmup: 0,
    // Only an async function is waited for, not one that returns a promise.
    fn: async () => {
      await process.evaluate(IMAGES, BATCH_SIZE);
    },
  });
}

globalThis.addEventListener("unload", () => {
  for (const process of processes) process.stop();
});
