import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type BackendName, selectBackend } from "@clr/clr/backends";

Deno.test("selectBackend() starts WASM by name and says so", async () => {
  const selected = await selectBackend({ backend: "wasm", threads: 1 });
  assertEquals(selected.backend, "wasm");
  assertEquals(tf.getBackend(), "wasm");
  assertMatch(selected.device, /^WASM SIMD, 1 thread$/);
  assertMatch(selected.reason, /asked for by name/);
  assertEquals(selected.threads, 1);
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
  for (const threads of [0, -1, 1.5, NaN, Infinity]) {
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
