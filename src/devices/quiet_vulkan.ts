/**
 * Keeps Vulkan's loader from complaining on a machine without a desktop.
 *
 * Mesa's device-select layer puts the GPU that drives the display first. Where
 * there is no display its search for one prints "error: XDG_RUNTIME_DIR is
 * invalid or not set in the environment", once for each time the devices are
 * listed, which reads like a fault of the program. `NODEVICE_SELECT` is the
 * layer's own switch. To be called before devices are listed; without the
 * permission to read and set the environment it does nothing.
 */
export function quietVulkan(): void {
  if (globalThis.Deno?.build.os !== "linux") return;
  if (Deno.permissions.querySync({ name: "env" }).state !== "granted") return;
  const desktop = ["XDG_RUNTIME_DIR", "WAYLAND_DISPLAY", "DISPLAY"];
  if (desktop.some((name) => Deno.env.has(name))) return;
  Deno.env.set("NODEVICE_SELECT", "1");
}
