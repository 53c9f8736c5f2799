import { assert, assertEquals } from "@std/assert";
import { describeProcessor } from "../../src/devices/processor.ts";

Deno.test("describeProcessor() finds what Deno's engine has on every machine", () => {
  const { architecture, threads, wasm } = describeProcessor();
  assertEquals(architecture, Deno.build.arch);
  assert(threads >= 1);
  assert(wasm.simd);
  assert(wasm.threads);
});

Deno.test("describeProcessor() finds no feature in an engine without it", () => {
  const validate = WebAssembly.validate;
  // An engine that knows neither vectors (0xfd) nor atomics (0xfe).
  WebAssembly.validate = (bytes) =>
    validate(bytes) && ![...bytes as Uint8Array].some((byte) => byte >= 0xfd);
  try {
    assertEquals(describeProcessor().wasm, {
      simd: false,
      threads: false,
      relaxedSimd: false,
    });
  } finally {
    WebAssembly.validate = validate;
  }
});
