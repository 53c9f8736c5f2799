import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { openNvml } from "../../src/devices/nvml.ts";
import { hasCompiler, Workbench } from "./_compiler.ts";

const ignore = !hasCompiler;

/** Opens the fake a second time, to see what the bindings did to it. */
function control(path: string) {
  return Deno.dlopen(path, {
    fake_opened: { parameters: [], result: "i32" },
    fake_misuses: { parameters: [], result: "i32" },
    fake_set_init_status: { parameters: ["i32"], result: "void" },
    fake_set_absurd: { parameters: ["i32"], result: "void" },
  });
}

Deno.test({
  name: "openNvml() lists, samples and closes the GPUs of a fake NVML",
  ignore,
  async fn() {
    using workbench = new Workbench();
    const library = workbench.library("fake_nvml.c");
    const fake = control(library);
    {
      using nvml = openNvml({ library });
      assertEquals(nvml.problem, undefined);
      assertEquals(nvml.driverVersion, "550.54.15");
      assertEquals(nvml.devices, [
        { index: 0, name: "NVIDIA Fake 9000", uuid: "GPU-0" },
        { index: 2, name: "x".repeat(96), uuid: "MIG-1" },
      ]);
      assertEquals(nvml.locked.map(({ index }) => index), [1]);
      assertStringIncludes(nvml.locked[0].problem, "Insufficient Permissions");
      assertEquals(fake.symbols.fake_opened(), 1);

      const [whole, part] = await nvml.sample();
      assertEquals(whole, {
        index: 0,
        name: "NVIDIA Fake 9000",
        uuid: "GPU-0",
        utilization: 87,
        memoryUsed: 13314398617,
        memoryTotal: 150754820096,
        temperature: 54,
        power: 310.4,
      });
      assertEquals(part.utilization, undefined);
      assertEquals(part.power, undefined);
      assertEquals(part.temperature, 54);
      assertEquals(part.problem, "GPU is lost");
    }
    assertEquals(fake.symbols.fake_opened(), 0);
    assertEquals(fake.symbols.fake_misuses(), 0);
    fake.close();
  },
});

Deno.test({
  name: "openNvml() leaves out readings that cannot be",
  ignore,
  async fn() {
    using workbench = new Workbench();
    const library = workbench.library("fake_nvml.c");
    const fake = control(library);
    fake.symbols.fake_set_absurd(1);
    using nvml = openNvml({ library });
    assertEquals((await nvml.sample())[0], {
      index: 0,
      name: "NVIDIA Fake 9000",
      uuid: "GPU-0",
    });
    nvml.close();
    fake.close();
  },
});

Deno.test({
  name: "openNvml() closes only when the samples under way are done",
  ignore,
  async fn() {
    using workbench = new Workbench();
    const library = workbench.library("fake_nvml.c");
    const fake = control(library);
    const nvml = openNvml({ library });
    const sampling = nvml.sample();
    nvml.close();
    assertEquals(fake.symbols.fake_opened(), 1);
    assertEquals((await sampling)[0].utilization, 87);
    assertEquals(fake.symbols.fake_opened(), 0);
    assertEquals(fake.symbols.fake_misuses(), 0);
    await assertRejects(() => nvml.sample(), TypeError, "it is closed");
    nvml.close();
    assertEquals(fake.symbols.fake_opened(), 0);
    fake.close();
  },
});

Deno.test({
  name: "openNvml() says whether the driver or a call failed",
  ignore,
  fn() {
    using workbench = new Workbench();
    const library = workbench.library("fake_nvml.c");
    const fake = control(library);
    const problemAfter = (status: number) => {
      fake.symbols.fake_set_init_status(status);
      using nvml = openNvml({ library });
      assertEquals(nvml.devices, []);
      return nvml.problem;
    };
    assertEquals(problemAfter(9)?.kind, "no-driver");
    const failed = problemAfter(999);
    assertEquals(failed?.kind, "failed");
    assertStringIncludes(failed!.message, "Unknown Error");
    assertEquals(fake.symbols.fake_opened(), 0);
    fake.close();
  },
});

Deno.test("openNvml() is silent where the library is missing", async () => {
  using nvml = openNvml({ library: "/nowhere/libnvidia-ml.so.1" });
  assertEquals(nvml.devices, []);
  assertEquals(await nvml.sample(), []);
  assertEquals(nvml.problem?.kind, "no-library");
  assertStringIncludes(nvml.problem!.message, "/nowhere/libnvidia-ml.so.1");
});

Deno.test({
  name: "openNvml() is silent without permission",
  permissions: { ffi: false },
  async fn() {
    using nvml = openNvml();
    assertEquals(nvml.problem?.kind, "no-permission");
    assertEquals(await nvml.sample(), []);
    assert(nvml.problem!.message.includes("--allow-ffi"));
  },
});
