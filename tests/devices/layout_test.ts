import { assert, assertEquals } from "@std/assert";
import * as nvml from "../../src/devices/_nvml_layout.ts";
import * as vulkan from "../../src/devices/_vulkan_layout.ts";
import { hasCompiler, Workbench } from "./_compiler.ts";

type Layout = Readonly<Record<string, number>>;

/** What a C compiler makes of the structures that `layouts` describe. */
function compiled(header: string, layouts: Record<string, Layout>) {
  const prints = Object.entries(layouts).flatMap(([struct, layout]) =>
    Object.keys(layout).map((field) => {
      const value = field === "size"
        ? `sizeof(${struct})`
        // A heap's own field is called size, like the structure's.
        : `offsetof(${struct}, ${field === "heapSize" ? "size" : field})`;
      return `printf("${struct} ${field} %zu\\n", ${value});`;
    })
  );
  using workbench = new Workbench();
  const output = workbench.output(
    `#include "${header}"\n#include <stdio.h>\n` +
      `int main(void) { ${prints.join("\n")} return 0; }`,
  );
  const result: Record<string, Record<string, number>> = {};
  for (const line of output.trim().split("\n")) {
    const [struct, field, value] = line.split(" ");
    (result[struct] ??= {})[field] = Number(value);
  }
  return result;
}

Deno.test({
  name: "vulkan layouts agree with the structures a C compiler lays out",
  ignore: !hasCompiler,
  fn() {
    const layouts = {
      VkApplicationInfo: vulkan.APPLICATION_INFO,
      VkInstanceCreateInfo: vulkan.INSTANCE_CREATE_INFO,
      VkPhysicalDeviceProperties: vulkan.PHYSICAL_DEVICE_PROPERTIES,
      VkPhysicalDeviceProperties2: vulkan.PHYSICAL_DEVICE_PROPERTIES_2,
      VkPhysicalDeviceDriverProperties:
        vulkan.PHYSICAL_DEVICE_DRIVER_PROPERTIES,
      VkPhysicalDeviceMemoryProperties:
        vulkan.PHYSICAL_DEVICE_MEMORY_PROPERTIES,
      VkMemoryHeap: vulkan.MEMORY_HEAP,
    };
    const named = Object.keys(vulkan).filter((name) => name !== "VK");
    assertEquals(Object.keys(layouts).length, named.length);
    assertEquals(compiled("vulkan_structs.h", layouts), { ...layouts });
  },
});

Deno.test({
  name: "nvml layouts agree with the structures a C compiler lays out",
  ignore: !hasCompiler,
  fn() {
    const layouts = {
      nvmlUtilization_t: nvml.UTILIZATION,
      nvmlMemory_t: nvml.MEMORY,
    };
    assertEquals(compiled("nvml_structs.h", layouts), { ...layouts });
  },
});

Deno.test("layouts end their arrays where the next field or the structure does", () => {
  const { PHYSICAL_DEVICE_DRIVER_PROPERTIES: driver, VK } = vulkan;
  assertEquals(driver.driverName + VK.MAX_DRIVER_NAME_SIZE, driver.driverInfo);
  assert(driver.driverInfo + VK.MAX_DRIVER_INFO_SIZE <= driver.size);
  const { PHYSICAL_DEVICE_MEMORY_PROPERTIES: memory, MEMORY_HEAP } = vulkan;
  assertEquals(
    memory.memoryHeaps + VK.MAX_MEMORY_HEAPS * MEMORY_HEAP.size,
    memory.size,
  );
});
