import { assertEquals } from "@std/assert";
import { describeDevices } from "../../src/devices/describe_devices.ts";
import { hasCompiler, Workbench } from "./_compiler.ts";

Deno.test({
  name: "describeDevices() gives what JSON can carry",
  ignore: !hasCompiler,
  fn() {
    using workbench = new Workbench();
    const report = describeDevices({
      vulkanLibrary: workbench.library("fake_vulkan.c"),
      nvmlLibrary: workbench.library("fake_nvml.c"),
    });
    assertEquals(report.vulkan[0].name, report.nvidia[0].name);
    assertEquals(report.nvidiaDriver, "550.54.15");
    assertEquals(report.vulkanProblem, undefined);
    assertEquals(JSON.parse(JSON.stringify(report)), report);
  },
});

Deno.test("describeDevices() says what is missing", () => {
  const missing = "/nowhere/library.so";
  const report = describeDevices({
    vulkanLibrary: missing,
    nvmlLibrary: missing,
  });
  assertEquals(report.vulkan, []);
  assertEquals(report.nvidia, []);
  assertEquals(report.vulkanProblem?.kind, "no-library");
  assertEquals(report.nvidiaProblem?.kind, "no-library");
});
