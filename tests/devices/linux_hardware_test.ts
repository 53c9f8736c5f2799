import { assertEquals } from "@std/assert";
import { linuxHardware } from "../../src/devices/linux_hardware.ts";

const ignore = Deno.build.os !== "linux";

/** Writes `files` (a path and its text) below a new folder. */
function tree(files: Record<string, string>) {
  const root = Deno.makeTempDirSync({ prefix: "clr-test-" });
  for (const [path, text] of Object.entries(files)) {
    const file = `${root}/${path}`;
    Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(file, text);
  }
  return {
    root,
    [Symbol.dispose]: () => Deno.removeSync(root, { recursive: true }),
  };
}

Deno.test({
  name: "linuxHardware() finds GPUs, their drivers and the files to reach them",
  ignore,
  fn() {
    const pci = "sys/bus/pci/devices";
    using machine = tree({
      [`${pci}/0000:01:00.0/vendor`]: "0x10de\n",
      [`${pci}/0000:01:00.0/class`]: "0x030200\n",
      [`${pci}/0000:02:00.0/vendor`]: "0x1002\n",
      [`${pci}/0000:02:00.0/class`]: "0x030000\n",
      // A sound card of a GPU's maker, and the console of a virtual machine.
      [`${pci}/0000:02:00.1/vendor`]: "0x1002\n",
      [`${pci}/0000:02:00.1/class`]: "0x040300\n",
      [`${pci}/0000:03:00.0/vendor`]: "0x1234\n",
      [`${pci}/0000:03:00.0/class`]: "0x030000\n",
      "dev/nvidia0": "",
      "dev/nvidiactl": "",
      "dev/dri/card0": "",
      "dev/dri/renderD128": "",
      "proc/1/cgroup": "0::/init.scope\n",
    });
    const { root } = machine;
    Deno.symlinkSync(
      "../../../../bus/pci/drivers/nvidia",
      `${root}/${pci}/0000:01:00.0/driver`,
    );
    assertEquals(linuxHardware({ root }), {
      gpus: [{ vendor: "NVIDIA", kernelDriver: "nvidia" }, { vendor: "AMD" }],
      nodes: [
        { path: `${root}/dev/nvidia0`, usable: true },
        { path: `${root}/dev/dri/renderD128`, usable: true },
      ],
      container: false,
    });
  },
});

Deno.test({
  name: "linuxHardware() knows a container and a machine that shows nothing",
  ignore,
  fn() {
    const nothing = { gpus: [], nodes: [] };
    using bare = tree({});
    assertEquals(linuxHardware(bare), { ...nothing, container: false });
    for (
      const [path, text] of [
        [".dockerenv", ""],
        ["run/.containerenv", ""],
        ["proc/1/cgroup", "0::/kubepods/pod1"],
      ]
    ) {
      using container = tree({ [path]: text });
      assertEquals(linuxHardware(container), { ...nothing, container: true });
    }
  },
});

Deno.test({
  name: "linuxHardware() knows nothing where Deno may not look",
  ignore,
  permissions: { read: false },
  fn() {
    assertEquals(linuxHardware(), undefined);
  },
});
