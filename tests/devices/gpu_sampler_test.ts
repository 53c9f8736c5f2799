import { assertEquals, assertThrows } from "@std/assert";
import { formatGpuSample, GpuSampler } from "../../src/devices/gpu_sampler.ts";
import { hasCompiler, Workbench } from "./_compiler.ts";

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

Deno.test({
  name: "GpuSampler() keeps the latest samples of a fake NVML",
  ignore: !hasCompiler,
  async fn() {
    using workbench = new Workbench();
    const library = workbench.library("fake_nvml.c");
    using sampler = new GpuSampler({ library });
    assertEquals(sampler.problem, undefined);
    assertEquals(sampler.latest, []);
    await until(() => sampler.latest.length > 0);
    assertEquals(
      formatGpuSample(sampler.latest[0]),
      "NVIDIA Fake 9000: 87 % busy, 12.4 of 140.4 GiB, 54 °C, 310 W",
    );
  },
});

Deno.test({
  name: "GpuSampler() leaves nothing open, also while a sample is under way",
  ignore: !hasCompiler,
  async fn() {
    using workbench = new Workbench();
    const library = workbench.library("fake_nvml.c");
    const fake = Deno.dlopen(library, {
      fake_opened: { parameters: [], result: "i32" },
    });
    {
      await using sampler = new GpuSampler({ library });
      assertEquals(sampler.latest, []);
      assertEquals(fake.symbols.fake_opened(), 1);
    }
    assertEquals(fake.symbols.fake_opened(), 0);
    fake.close();
  },
});

Deno.test("GpuSampler() does nothing where there is no NVML", () => {
  using sampler = new GpuSampler({ library: "/nowhere/libnvidia-ml.so.1" });
  assertEquals(sampler.problem?.kind, "no-library");
  assertEquals(sampler.latest, []);
});

Deno.test("GpuSampler() refuses to sample more than once a second", () => {
  for (const interval of [999, 0, -1, NaN]) {
    assertThrows(() => new GpuSampler({ interval }), RangeError, `${interval}`);
  }
});

Deno.test("formatGpuSample() leaves out what the GPU does not give", () => {
  const device = { index: 0, name: "MIG 1g.18gb", uuid: "MIG-1" };
  assertEquals(formatGpuSample(device), "MIG 1g.18gb");
  assertEquals(
    formatGpuSample({ ...device, temperature: 0, problem: "GPU is lost" }),
    "MIG 1g.18gb: 0 °C, GPU is lost",
  );
});
