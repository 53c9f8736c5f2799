import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type BackendName, selectBackend } from "@clr/clr/backends";

Deno.test("selectBackend() starts WASM by name, again after it was removed, and says so", async () => {
  const one = await selectBackend({ backend: "wasm", threads: 1 });
  assertEquals(one.backend, "wasm");
  assertEquals(tf.getBackend(), "wasm");
  assertEquals(one.device, "WASM SIMD, 1 thread");
  assertEquals(one.reason, "asked for by name");
  assertEquals(one.threads, 1);

  // Tensors live on the backend, so that it is kept while it runs.
  const kept = await selectBackend({ backend: "wasm", threads: 2 });
  assertEquals(kept.threads, 1);
  assertMatch(kept.reason, /kept at the thread count/);

  tf.removeBackend("wasm");
  const two = await selectBackend({ backend: "wasm", threads: 2 });
  assertEquals(two.device, "WASM SIMD, 2 threads");
  tf.tidy(() => {
    const x = tf.ones([8, 32, 32, 8]) as tf.Tensor4D;
    const filter = tf.ones([3, 3, 8, 8]) as tf.Tensor4D;
    const y = tf.conv2d(x, filter, 1, "valid");
    assertEquals(tf.min(y).dataSync()[0], 72);
    assertEquals(tf.max(y).dataSync()[0], 72);
  });
  tf.removeBackend("wasm");
});

Deno.test("selectBackend() starts a backend that works here and says why", async () => {
  const { backend, reason } = await selectBackend();
  assertEquals(tf.getBackend(), backend);
  // A backend that was passed over is named with its reason.
  assertEquals(
    /as (this runtime|WebGPU|webgpu) /.test(reason),
    backend !== "webgpu",
  );
});

Deno.test("selectBackend() starts the CPU backend by name", async () => {
  const { backend, threads } = await selectBackend({ backend: "cpu" });
  assertEquals(backend, "cpu");
  assertEquals(tf.getBackend(), "cpu");
  assertEquals(threads, 1);
});

Deno.test("selectBackend() refuses an unknown backend", async () => {
  await assertRejects(
    () => selectBackend({ backend: "webgl" as BackendName }),
    TypeError,
    'current value is "webgl"',
  );
});

Deno.test("selectBackend() refuses a thread count that is not one", async () => {
  for (const threads of [0, -1, 1.5, 65, 500, NaN, Infinity]) {
    await assertRejects(
      () => selectBackend({ threads }),
      RangeError,
      `current value is ${threads}`,
    );
  }
});

Deno.test("importing @clr/clr/backends loads and starts no backend", async () => {
  const script = `
    await import("@clr/clr/backends");
    const tf = await import("@tensorflow/tfjs");
    console.log(JSON.stringify([
      tf.getKernelsForBackend("wasm").length,
      tf.getKernelsForBackend("webgpu").length,
    ]));`;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", script],
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert(code === 0, new TextDecoder().decode(stderr));
  assertEquals(JSON.parse(text.trim().split("\n").at(-1)!), [0, 0]);
});
