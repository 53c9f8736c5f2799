import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { vulkanDevices } from "../../src/devices/vulkan.ts";
import { hasCompiler, Workbench } from "./_compiler.ts";

const ignore = !hasCompiler;

/** Opens the fake a second time, to see what the bindings did to it. */
function control(path: string) {
  return Deno.dlopen(path, {
    fake_instances: { parameters: [], result: "i32" },
    fake_set_status: { parameters: ["i32"], result: "void" },
  });
}

Deno.test({
  name: "vulkanDevices() reads every device of a fake loader",
  ignore,
  fn() {
    using workbench = new Workbench();
    const library = workbench.library("fake_vulkan.c");
    const fake = control(library);
    const heaps = [
      { bytes: 80 * 2 ** 30, deviceLocal: true },
      { bytes: 16 * 2 ** 30, deviceLocal: false },
    ];
    assertEquals(vulkanDevices({ library }), {
      devices: [
        {
          name: "NVIDIA Fake 9000",
          kind: "discrete",
          vendorId: 0x10de,
          deviceId: 0x2330,
          apiVersion: "1.1.77",
          driver: "550.54.15",
          heaps,
        },
        {
          name: "i".repeat(256),
          kind: "integrated",
          vendorId: 0x8086,
          deviceId: 0x4680,
          apiVersion: "1.3.230",
          driver: "Fake driver Mesa 25.1",
          heaps,
        },
      ],
    });
    assertEquals(fake.symbols.fake_instances(), 0);
    fake.close();
  },
});

Deno.test({
  name: "vulkanDevices() tells a missing driver from a failed call",
  ignore,
  fn() {
    using workbench = new Workbench();
    const library = workbench.library("fake_vulkan.c");
    const fake = control(library);
    fake.symbols.fake_set_status(-9);
    assertEquals(vulkanDevices({ library }).problem?.kind, "no-driver");
    fake.symbols.fake_set_status(-1);
    const { devices, problem } = vulkanDevices({ library });
    assertEquals(devices, []);
    assertEquals(problem?.kind, "failed");
    assertStringIncludes(problem!.message, "vkCreateInstance answers -1");
    fake.close();
  },
});

Deno.test("vulkanDevices() is silent where the loader is missing", () => {
  const { devices, problem } = vulkanDevices({ library: "/nowhere/vulkan.so" });
  assertEquals(devices, []);
  assertEquals(problem?.kind, "no-library");
  assertStringIncludes(problem!.message, "/nowhere/vulkan.so");
});

Deno.test({
  name: "vulkanDevices() is silent without permission",
  permissions: { ffi: false },
  fn() {
    const { devices, problem } = vulkanDevices();
    assertEquals(devices, []);
    assertEquals(problem?.kind, "no-permission");
  },
});

const adapter = await navigator.gpu?.requestAdapter();
const real = vulkanDevices();
const answers = adapter && !real.problem && Deno.build.os === "linux";
if (!answers) {
  console.log("No WebGPU adapter or no Vulkan: their comparison is skipped");
}

Deno.test({
  name: "vulkanDevices() lists the adapter that WebGPU chooses",
  ignore: !answers,
  fn() {
    const { description, isFallbackAdapter } = adapter!.info;
    const device = real.devices.find(({ name }) => name === description);
    assert(device, `${description} is not listed`);
    assertEquals(device.kind === "software", isFallbackAdapter);
    assert(device.heaps.some(({ bytes }) => bytes > 2 ** 26));
  },
});
