import { assert, assertEquals } from "@std/assert";

// Each run is a process of its own, as a backend keeps its threads for life.
async function run(
  script: string,
  { permissions = ["-A"], env = {} }: {
    permissions?: string[];
    env?: Record<string, string>;
  } = {},
): Promise<string> {
  const temporary = await Deno.makeTempDir();
  try {
    const file = `${temporary}/script.ts`;
    const work = `${temporary}/tmp`;
    await Deno.mkdir(work);
    await Deno.writeTextFile(file, script);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", ...permissions, "--config", "deno.json", file],
      env: { NO_COLOR: "1", TMPDIR: work, ...env },
      // A process whose threads keep it alive would never end.
      signal: AbortSignal.timeout(60_000),
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assertEquals([...Deno.readDirSync(work)], [], "a temporary file is left");
    return new TextDecoder().decode(stdout).trim();
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

/** A convolutional network with batch normalization, and its data. */
const convolutional = `
    const model = tf.sequential({
      layers: [
        layers.conv2d({
          inputShape: [24, 24, 3],
          filters: 20,
          kernelSize: 5,
          padding: "same",
          activation: "relu",
          kernelInitializer: seeded(1),
        }),
        layers.maxPooling2d({ poolSize: 3, strides: 2 }),
        layers.conv2d({
          filters: 17,
          kernelSize: 3,
          strides: 2,
          kernelInitializer: seeded(2),
        }),
        layers.batchNormalization(),
        layers.activation({ activation: "relu" }),
        layers.conv2d({
          filters: 12,
          kernelSize: 3,
          padding: "same",
          kernelInitializer: seeded(6),
        }),
        layers.flatten(),
        layers.dense({ units: 10, kernelInitializer: seeded(3) }),
      ],
    });
    const xs = tf.randomUniform([37, 24, 24, 3], -1, 1, "float32", 4);
    const ys = tf.randomUniform([37, 10], -1, 1, "float32", 5);
`;

/** A recurrent network with attention over its steps, and its data. */
const sequential = `
    const input = tf.input({ shape: [40] });
    const weights = (seed: number) => ({
      kernelInitializer: seeded(seed),
      recurrentInitializer: seeded(seed + 1),
    });
    const embedded = layers.embedding({
      inputDim: 50,
      outputDim: 48,
      embeddingsInitializer: seeded(1),
    }).apply(input);
    const encoded = layers.lstm({
      units: 48,
      returnSequences: true,
      ...weights(2),
    }).apply(embedded);
    const normalized = layers.layerNormalization().apply(encoded);
    const mixed = layers.gru({
      units: 33,
      returnSequences: true,
      recurrentActivation: "sigmoid",
      ...weights(4),
    }).apply(normalized);
    const scores = layers.activation({ activation: "softmax" }).apply(
      layers.dot({ axes: -1 }).apply([mixed, mixed]),
    );
    const attended = layers.dot({ axes: [2, 1] }).apply([scores, mixed]);
    const output = layers.dense({ units: 7, kernelInitializer: seeded(6) })
      .apply(layers.globalAveragePooling1d({}).apply(attended));
    const model = tf.model({ inputs: input, outputs: output });
    const xs = tf.randomUniform([37, 40], 0, 50, "int32", 4);
    const ys = tf.randomUniform([37, 7], -1, 1, "float32", 5);
`;

function training(threads: number, network = convolutional): string {
  return `
    import * as tf from "@tensorflow/tfjs";
    import { selectBackend } from "@clr/clr/backends";
    const worker = globalThis.Worker;
    const { device, threads, reason } = await selectBackend({
      backend: "wasm",
      threads: ${threads},
    });
    const { layers } = tf;
    const seeded = (seed: number) => tf.initializers.glorotUniform({ seed });
    ${network}
    model.compile({ optimizer: "adam", loss: "meanSquaredError" });
    for (let step = 0; step < 5; step++) await model.trainOnBatch(xs, ys);
    let hash = 0;
    for (const weight of model.getWeights()) {
      const bits = new Int32Array(weight.dataSync().buffer);
      for (const word of bits) hash = Math.imul(hash, 31) + word | 0;
    }
    console.log(JSON.stringify({
      device,
      threads,
      reason,
      hash,
      sameWorker: worker === globalThis.Worker,
    }));
  `;
}

Deno.test("selectBackend() computes the same weights of a recurrent network on any number of threads", async () => {
  const outputs = await Promise.all(
    [1, 2, 5].map((threads) => run(training(threads, sequential))),
  );
  const [one, two, five] = outputs.map((output) => JSON.parse(output).hash);
  assertEquals(two, one);
  assertEquals(five, one);
});

Deno.test("selectBackend() computes the same weights, bit for bit, on any number of threads, and lets the process end", async () => {
  const [one, two, five] =
    (await Promise.all([1, 2, 5].map((threads) => run(training(threads))))).map(
      (output) => JSON.parse(output),
    );
  assertEquals(one.device, "WASM SIMD, 1 thread");
  assertEquals(two.device, "WASM SIMD, 2 threads");
  assertEquals(five.threads, 5);
  assertEquals(two.hash, one.hash);
  assertEquals(five.hash, one.hash);
  assert(two.sameWorker, "the global Worker was replaced");
});

Deno.test("selectBackend() computes the same weights with 256 bits as with 128", async () => {
  const env = { DENO_V8_FLAGS: "--experimental-wasm-revectorize" };
  const [narrow, wide] = (await Promise.all([
    run(training(2)),
    run(training(2), { env }),
  ])).map((output) => JSON.parse(output));
  assertEquals(wide.device, "WASM SIMD, 2 threads, 256 bits");
  assertEquals(wide.hash, narrow.hash);
});

Deno.test("selectBackend() says so where it must run on one thread", async () => {
  const output = await run(`
    // As in a copy of the package without its threaded build.
    import fs from "node:fs/promises";
    fs.readFile = () => Promise.reject(new Error("there is no such file"));
    ${training(2)}
  `);
  const { device, threads, reason } = JSON.parse(output);
  assertEquals(device, "WASM SIMD, 1 thread");
  assertEquals(threads, 1);
  assertEquals(
    reason,
    "asked for by name; on one thread, as more cannot be started (there is no such file)",
  );
});

Deno.test("selectBackend() names the permission that WASM needs", async () => {
  const output = await run(
    `
    import { selectBackend } from "@clr/clr/backends";
    const { device } = await selectBackend({ backend: "wasm", threads: 2 })
      .catch((error) => ({ device: error.message }));
    console.log(device);
  `,
    { permissions: ["--no-prompt"] },
  );
  assert(/--allow-read|WASM SIMD/.test(output), output);
});
