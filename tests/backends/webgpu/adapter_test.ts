import { assert, assertEquals, assertRejects } from "@std/assert";
import { findDevice } from "../../../src/backends/webgpu/_adapter.ts";
import { WebGPUUnavailableError } from "../../../src/backends/webgpu/errors.ts";
import { startWebGPU } from "../../../src/backends/webgpu/start_webgpu.ts";
import { selectBackend } from "../../../src/backends/select_backend.ts";
import { adapterName, isOpenGL } from "../../../src/devices/adapters.ts";
import { adapter, test } from "./_on_webgpu.ts";

const NAMES = ["NVIDIA H200", "NVIDIA RTX A2000", "llvmpipe (LLVM 15.0.6)"];

Deno.test("findDevice() takes a number or a part of a name", () => {
  for (
    const [device, index] of [
      [0, 0],
      [2, 2],
      [3, undefined],
      ["1", 1],
      ["nvidia", 0],
      ["a2000", 1],
      ["LLVM", 2],
      ["AMD", undefined],
      [-1, undefined],
    ] as const
  ) assertEquals(findDevice(NAMES, device), index, `${device}`);
});

Deno.test("isOpenGL() tells OpenGL by what it has no numbers for", () => {
  const openGL = {
    info: { device: "0", subgroupMinSize: 4, subgroupMaxSize: 128 },
    limits: { maxBindingsPerBindGroup: 2 ** 32 - 1 },
  };
  assert(isOpenGL(openGL));
  const vulkan = { ...openGL, limits: { maxBindingsPerBindGroup: 1000 } };
  assert(!isOpenGL(vulkan));
  const direct3D = { ...openGL, info: { ...openGL.info, device: "8710" } };
  assert(!isOpenGL(direct3D));
});

Deno.test("adapterName() is without control characters", () => {
  const info = { description: "Card\x1b[2J\x00 9\n000" } as GPUAdapterInfo;
  assertEquals(adapterName(info), "Card 9000");
});

test("startWebGPU() computes on the device that is asked for", async () => {
  const name = adapter!.info.description;
  for (const device of [0, "0", name.slice(0, 4).toUpperCase()]) {
    const started = await startWebGPU({ allowSoftware: true, device });
    assertEquals(started.device, name);
    await started.settled();
  }
  const error = await assertRejects(
    () => startWebGPU({ allowSoftware: true, device: "Voodoo" }),
    WebGPUUnavailableError,
  );
  assertEquals(error.reason, "no-such-device");
  assert(error.message.includes(`0 is ${name}`), error.message);
  const selected = await selectBackend({ device: name });
  assertEquals(selected.backend, "webgpu");
  await assertRejects(
    () => selectBackend({ backend: "wasm", device: 0 }),
    RangeError,
    'backend must be "webgpu"',
  );
});
