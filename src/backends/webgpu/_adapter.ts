/** Which of a machine's GPUs is meant. */

import { adapterName, listAdapters } from "../../devices/adapters.ts";
import { vulkanDevices } from "../../devices/vulkan.ts";
import { WebGPUUnavailableError } from "./errors.ts";

/**
 * The number of the device that is meant among `names`: its number itself, or a
 * part of its name, in letters of either case.
 */
export function findDevice(
  names: readonly string[],
  device: number | string,
): number | undefined {
  const text = String(device).trim();
  const index = /^\d+$/.test(text)
    ? Number(text)
    : names.findIndex((name) =>
      name.toLowerCase().includes(text.toLowerCase())
    );
  return names[index] === undefined ? undefined : index;
}

/**
 * The adapter to compute on.
 *
 * @throws {WebGPUUnavailableError} Where there is none, or none such.
 */
export async function chooseAdapter(
  device: number | string | undefined,
): Promise<GPUAdapter> {
  if (!globalThis.navigator?.gpu) {
    throw new WebGPUUnavailableError(
      "no-webgpu",
      "Cannot train on WebGPU as navigator.gpu must exist: " +
        "this JavaScript runtime has none",
    );
  }
  const adapters = await listAdapters();
  if (adapters.length === 0) {
    throw new WebGPUUnavailableError(
      "no-adapter",
      "Cannot train on WebGPU as a GPU adapter must be found: there is none " +
        "(no GPU, no driver, or no Vulkan loader)",
    );
  }
  if (device === undefined) return adapters[0];
  const names = adapters.map(({ info }) => adapterName(info));
  const index = findDevice(names, device);
  if (index !== undefined) return adapters[index];
  throw new WebGPUUnavailableError(
    "no-such-device",
    `Cannot train on the device ${JSON.stringify(device)} as it must be the ` +
      `number or a part of the name of one that WebGPU offers: ${
        names.map((name, i) => `${i} is ${name}`).join(", ")
      }${hiddenDevice(names, device)}`,
  );
}

/** What to do for a device that Vulkan lists and WebGPU does not offer. */
function hiddenDevice(
  offered: readonly string[],
  device: number | string,
): string {
  if (typeof Deno === "undefined") return "";
  const { devices } = vulkanDevices();
  const others = devices.filter(({ name }) => !offered.includes(name));
  const names = others.map(({ name }) => name);
  const index = typeof device === "string" ? findDevice(names, device) : 0;
  if (index === undefined || others.length === 0) return "";
  const { name, vendorId, deviceId } = others[index];
  const number = [vendorId, deviceId].map((id) => `0x${id.toString(16)}`);
  return `. Vulkan lists ${name} too; its loader puts it first, for Deno to ` +
    `find, with VK_LOADER_DEVICE_SELECT=${number.join(":")} in the environment`;
}
