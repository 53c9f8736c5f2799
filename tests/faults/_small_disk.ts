import { withFolder } from "../_folder.ts";

/**
 * Runs `test` in a file system of its own, mounted with `options`; says so and
 * runs nothing where root, which mounts it, is not to be had.
 */
export async function onSmallDisk(
  options: string,
  test: (folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;
    const mounted = isRoot && (await new Deno.Command("mount", {
      args: ["-t", "tmpfs", "-o", options, "tmpfs", folder],
      stderr: "null",
    }).output()).success;
    if (!mounted) {
      return console.log("skipped: a file system can be mounted by root alone");
    }
    try {
      await test(folder);
    } finally {
      await new Deno.Command("umount", { args: ["-l", folder] }).output();
    }
  });
}

/** Fills the disk that `folder` is on, but for `left` bytes. */
export async function fill(folder: string, left: number): Promise<void> {
  const path = `${folder}/filler`;
  using file = await Deno.open(path, { create: true, append: true });
  const block = new Uint8Array(4096);
  try {
    while (true) await file.write(block);
  } catch (error) {
    if (!/no space/i.test((error as Error).message)) throw error;
  }
  await Deno.truncate(path, Math.max(0, (await file.stat()).size - left));
}

/** Makes room again. */
export function empty(folder: string): Promise<void> {
  return Deno.remove(`${folder}/filler`);
}
