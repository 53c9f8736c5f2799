import { assert, assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { createCifar10Quick } from "../../examples/models/cifar10_quick.ts";
import {
  createSession,
  ProviderUnavailableError,
  toOnnx,
} from "../../src/onnx/mod.ts";
import { chain, random, randomizeWeights } from "./_agreement.ts";

const { layers } = tf;

async function smallModel(): Promise<Uint8Array> {
  const input = tf.input({ shape: [3], name: "x" });
  const model = tf.model({
    inputs: input,
    outputs: layers.dense({
      units: 2,
      kernelInitializer: "ones",
      name: "y",
    }).apply(input) as tf.SymbolicTensor,
  });
  const bytes = await toOnnx(model);
  model.dispose();
  return bytes;
}

Deno.test("createSession() describes the model", async () => {
  await using session = await createSession(await smallModel(), { threads: 1 });
  assertEquals(session.provider, "wasm");
  assertEquals(session.threads, 1);
  assertEquals(session.inputs, [
    { name: "x", type: "float32", shape: ["batch", 3] },
  ]);
  assertEquals(session.outputs, [
    { name: "y", type: "float32", shape: ["batch", 2] },
  ]);
  assertEquals(session.metadata.source, `TensorFlow.js ${tf.version.tfjs}`);
  const { y } = await session.run({
    x: { data: Float32Array.of(1, 2, 3), shape: [1, 3] },
  });
  assertEquals(y, { data: Float32Array.of(6, 6), shape: [1, 2] });
});

Deno.test("createSession() leaves the runtime's own Worker and channels in place", async () => {
  const { Worker, MessageChannel } = globalThis;
  const bytes = await smallModel();
  for (let i = 0; i < 2; i++) {
    await using _session = await createSession(bytes, { threads: 1 });
    assert(globalThis.Worker === Worker);
    assert(globalThis.MessageChannel === MessageChannel);
  }
});

Deno.test("createSession() refuses bytes that are no whole ONNX file", async () => {
  const bytes = await smallModel();
  const next = random(9);
  const noise = Uint8Array.from({ length: 400 }, () => 256 * next());
  for (
    const [broken, message] of [
      [new Uint8Array(0), "0 bytes without a graph"],
      [new TextEncoder().encode("<html>Not found</html>"), "22 bytes that"],
      [bytes.subarray(0, bytes.length - 100), "bytes that are not"],
      [bytes.subarray(0, bytes.length >> 1), "bytes that are not"],
      [noise, "must be a whole ONNX file"],
    ] as const
  ) {
    await assertRejects(
      () => createSession(broken, { threads: 1 }),
      TypeError,
      message,
    );
  }
});

Deno.test("createSession() refuses an operator that onnxruntime-web lacks", async () => {
  const model = chain([3], layers.reLU({}));
  const bytes = await toOnnx(model, {
    converters: { ReLU: ({ inputs: [x] }, graph) => graph.map("Unheard", x) },
  });
  await assertRejects(
    () => createSession(bytes, { threads: 1 }),
    TypeError,
    "onnxruntime-web must accept the model",
  );
});

Deno.test("createSession() refuses options that do not fit", async () => {
  const bytes = await smallModel();
  await assertRejects(
    () => createSession(bytes, { provider: "webnn" as "wasm" }),
    TypeError,
    'provider must be "wasm" or "webgpu": current value is "webnn"',
  );
  await assertRejects(
    () => createSession(bytes, { threads: 0 }),
    RangeError,
    "threads must be a whole number from 1 to 64: current value is 0",
  );
  for (const threads of [65, 500, 2 ** 31, 1e300]) {
    await assertRejects(
      () => createSession(bytes, { threads }),
      RangeError,
      `threads must be a whole number from 1 to 64: current value is ${threads}`,
    );
  }
  await using _session = await createSession(bytes, { threads: 1 });
  await assertRejects(
    () => createSession(bytes, { threads: 2 }),
    RangeError,
    "threads must be 1, with which onnxruntime-web was started in this process: current value is 2",
  );
});

Deno.test("createSession() says when there is no GPU", async () => {
  const bytes = await smallModel();
  const gpu = Object.getOwnPropertyDescriptor(Navigator.prototype, "gpu")!;
  Object.defineProperty(Navigator.prototype, "gpu", {
    configurable: true,
    get: () => ({ requestAdapter: () => Promise.resolve(null) }),
  });
  try {
    await assertRejects(
      () => createSession(bytes, { provider: "webgpu" }),
      ProviderUnavailableError,
      'provider "webgpu" must find a GPU adapter',
    );
  } finally {
    Object.defineProperty(Navigator.prototype, "gpu", gpu);
  }
});

Deno.test("OnnxSession.run() refuses wrong names and shapes", async () => {
  await using session = await createSession(await smallModel(), { threads: 1 });
  const data = Float32Array.of(1, 2, 3);
  await assertRejects(
    () => session.run({ z: { data, shape: [1, 3] } }),
    TypeError,
    'its inputs must be "x": current value is "z"',
  );
  await assertRejects(
    () => session.run({}),
    TypeError,
    'its inputs must be "x"',
  );
  await assertRejects(
    () => session.run({ x: { data, shape: [3, 1] } }),
    RangeError,
    'input "x" must have shape [batch, 3]: current value is [3, 1]',
  );
  await assertRejects(
    () => session.run({ x: { data, shape: [2, 3] } }),
    RangeError,
    "must have 6 numbers: current value is 3",
  );
});

Deno.test("OnnxSession.release() ends the session, once and for all", async () => {
  const session = await createSession(await smallModel(), { threads: 1 });
  await session.release();
  await session.release();
  await assertRejects(
    () => session.run({ x: { data: Float32Array.of(1, 2, 3), shape: [1, 3] } }),
    Error,
    "must not be released",
  );
});

Deno.test("createSession() creates several sessions at once", async () => {
  const bytes = await smallModel();
  const { MessageChannel } = globalThis;
  const sessions = await Promise.all(
    [1, 2, 3].map(() => createSession(bytes, { threads: 1 })),
  );
  assert(globalThis.MessageChannel === MessageChannel);
  for (const session of sessions) await session.release();
});

Deno.test({
  name: "createSession() runs the CIFAR-10 quick network on a GPU adapter",
  // The GPU device that onnxruntime-web opens stays open for later sessions.
  sanitizeResources: false,
  sanitizeOps: false,
  fn: async () => {
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter) {
      console.log("skipped: there is no GPU adapter, not even in software");
      return;
    }
    const model = createCifar10Quick();
    const next = random(2);
    randomizeWeights(model, next);
    const x = tf.tensor(
      Float32Array.from({ length: 2 * 3072 }, () => 2 * next() - 1),
      [2, 32, 32, 3],
    );
    const expected = (model.predict(x) as tf.Tensor).dataSync();
    await using session = await createSession(await toOnnx(model), {
      provider: "webgpu",
    });
    assertEquals(session.provider, "webgpu");
    const results = await session.run({
      [session.inputs[0].name]: {
        data: x.dataSync() as Float32Array,
        shape: x.shape,
      },
    });
    const { data } = results[session.outputs[0].name];
    expected.forEach((value, i) => assert(Math.abs(value - data[i]) <= 1e-4));
    model.dispose();
  },
});
