import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { fromFileUrl } from "@std/path";
import { type BackendName, knownLimits } from "@clr/clr/backends";
import { formatReport, type MachineReport } from "../src/doctor.ts";
import { outputOfDeno, runDeno } from "./_run.ts";
import { hasCompiler, Workbench } from "./devices/_compiler.ts";

const DOCTOR = fromFileUrl(new URL("../src/doctor.ts", import.meta.url));
const isLinux = Deno.build.os === "linux";

/** Mesa's OpenGL imitates a GPU too: it is kept away like Vulkan's drivers. */
const NO_OPENGL = { __EGL_VENDOR_LIBRARY_FILENAMES: "/nowhere" };

async function doctor(
  flags: string[],
  env: Record<string, string> = {},
): Promise<MachineReport> {
  const args = ["run", "--no-prompt", ...flags, DOCTOR, "--json"];
  return JSON.parse(await outputOfDeno(args, { env }));
}

Deno.test({
  name:
    "doctor answers differently without a GPU, with a software adapter and without FFI",
  ignore: !isLinux,
  async fn() {
    const hidden = await doctor(["-A"], {
      VK_DRIVER_FILES: "/nowhere",
      VK_ICD_FILENAMES: "/nowhere",
      ...NO_OPENGL,
    });
    assertEquals(hidden.facts.webgpu, []);
    assertEquals(hidden.gpu.cause, "hidden");
    assertStringIncludes(hidden.gpu.finding, "WebGPU offers no adapter");
    assertEquals(hidden.training.backend, "wasm");

    const denied = await doctor(["-A", "--deny-ffi"]);
    assertEquals(denied.facts.vulkan.problem?.kind, "no-permission");
    assertEquals(denied.facts.nvml.problem?.kind, "no-permission");

    const seen = await doctor(["-A"]);
    assertEquals(seen.facts.webgpu, denied.facts.webgpu);
    const [adapter] = seen.facts.webgpu;
    if (adapter?.software) {
      assertEquals(seen.training.backend, "wasm");
      assertStringIncludes(seen.training.reason, "software adapter");
      assertStringIncludes(seen.gpu.finding, `only ${adapter.name}`);
      assertEquals(denied.gpu.cause, "no-permission");
      assertStringIncludes(denied.gpu.remedy!, "--allow-all");
      assert(
        seen.facts.vulkan.devices.some(({ name }) => name === adapter.name),
      );
    }
    const findings = new Set([hidden, denied, seen].map((r) => r.gpu.finding));
    if (!adapter || adapter.software) assertEquals(findings.size, 3);
  },
});

Deno.test({
  name: "doctor tells a missing loader from a machine without a GPU",
  ignore: !isLinux || !hasCompiler,
  async fn() {
    using workbench = new Workbench();
    const withLoader = (path: string) =>
      doctor(["-A"], { LD_LIBRARY_PATH: path, ...NO_OPENGL });

    // A loader that finds no driver.
    const driverless = await withLoader(
      workbench.folderWith("libvulkan.so.1", "fake_vulkan.c", "-DSTATUS=-9"),
    );
    assertEquals(driverless.facts.webgpu, []);
    assertEquals(driverless.facts.vulkan.problem?.kind, "no-driver");

    // No loader, but a file in its place.
    const broken = await withLoader(workbench.folderWith("libvulkan.so.1"));
    assertEquals(broken.facts.vulkan.problem?.kind, "no-library");
    assertEquals(broken.gpu.cause, "no-loader");
    assertStringIncludes(broken.gpu.remedy!, "libvulkan1");
    assertNotEquals(broken.gpu.finding, driverless.gpu.finding);
  },
});

Deno.test({
  name: "doctor reads the GPU of a fake NVML",
  ignore: !isLinux || !hasCompiler,
  async fn() {
    using workbench = new Workbench();
    const report = await doctor(["-A"], {
      LD_LIBRARY_PATH: workbench.folderWith("libnvidia-ml.so.1", "fake_nvml.c"),
    });
    assertEquals(report.nvidiaDriver, "550.54.15");
    assertEquals(report.samples[0].utilization, 87);
    if (!report.facts.webgpu.some(({ software }) => !software)) {
      // The card that Vulkan does not list.
      assertEquals(report.gpu.cause, "no-vulkan-driver");
      assertStringIncludes(report.gpu.finding, "NVIDIA Fake 9000");
    }
    const text = formatReport(report);
    assertStringIncludes(text, "driver 550.54.15");
    assertStringIncludes(text, "NVIDIA Fake 9000: 87 % busy");
  },
});

Deno.test("formatReport() keeps to 80 columns and names every part", () => {
  const text = formatReport({
    deno: "2.9.6",
    training: {
      backend: "webgpu",
      device: "NVIDIA H200",
      reason: "the fastest backend works here",
    },
    gpu: { cause: "usable", finding: "WebGPU offers NVIDIA H200." },
    facts: {
      os: "linux",
      webgpu: [{ name: "NVIDIA H200", software: false }],
      vulkan: {
        devices: [{
          name: "NVIDIA H200",
          kind: "discrete",
          vendorId: 0x10de,
          deviceId: 0x2335,
          apiVersion: "1.3.277",
          driver: "NVIDIA 550.54.15",
          heaps: [
            { bytes: 2 ** 37, deviceLocal: true },
            { bytes: 2 ** 40, deviceLocal: false },
          ],
        }],
      },
      nvml: { devices: [] },
    },
    samples: [],
    processor: {
      architecture: "x86_64",
      threads: 16,
      wasm: { simd: true, threads: true, relaxedSimd: false },
    },
    wideProducts: false,
  });
  assertEquals(
    text,
    `Training will run on
  NVIDIA H200 (webgpu)
  Why: the fastest backend works here.

GPU
  WebGPU offers NVIDIA H200.

WebGPU shows
  0: NVIDIA H200

Vulkan shows
  NVIDIA H200: discrete, Vulkan 1.3.277, driver NVIDIA 550.54.15, 128.0 GiB

NVIDIA's NVML shows
  nothing

Processor
  x86_64, 16 threads at once
  WASM: SIMD, threads, no relaxed SIMD
  256-bit products: off; DENO_V8_FLAGS=--experimental-wasm-revectorize turns
    V8's experiment on
  Deno 2.9.6
`,
  );
});

Deno.test("doctor prints help and refuses unknown flags", async () => {
  const run = async (flag: string) => {
    const args = ["run", "--no-prompt", DOCTOR, flag];
    const { stdout, stderr, code } = await runDeno(args);
    const text = code ? stderr : stdout;
    assert(text.split("\n").every((line) => line.length <= 80));
    return { code, text };
  };
  const help = await run("--help");
  assertEquals(help.code, 0);
  assertStringIncludes(help.text, "--json");
  const unknown = await run("--jsn");
  assertEquals(unknown.code, 2);
  assertStringIncludes(unknown.text, '"--jsn"');
});

Deno.test("doctor lists the known limits of the backend that it chose", async () => {
  const machine = await doctor(["-A"]);
  const { backend, limits } = machine.training;
  assertEquals(limits, [...knownLimits(backend as BackendName)]);
  const text = formatReport(machine).replaceAll(/\s+/g, " ");
  assertStringIncludes(text, "Known limits there");
  for (const limit of limits!) assertStringIncludes(text, limit);
});
