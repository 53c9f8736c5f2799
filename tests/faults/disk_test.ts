/** Disks that are full and folders that cannot be written. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { runProgram } from "../_run.ts";
import { withFolder } from "../_folder.ts";

/** Runs `test` where a small file system is mounted; false where root is not to be had. */
async function onSmallDisk(
  options: string,
  test: (folder: string) => Promise<void>,
): Promise<boolean> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  let mounted = false;
  await withFolder(async (folder) => {
    const mount = new Deno.Command("mount", {
      args: ["-t", "tmpfs", "-o", options, "tmpfs", folder],
      stderr: "null",
    });
    mounted = (await mount.output()).success;
    if (!mounted) return;
    try {
      await test(folder);
    } finally {
      await new Deno.Command("umount", { args: [folder] }).output();
    }
  });
  return mounted;
}

const SMALL = [
  ...["--data", "synthetic", "--backend", "wasm", "--threads", "1"],
  ...["--train-images", "20", "--test-images", "10", "--batch-size", "10"],
  ...["--epochs", "1", "--no-plots"],
];

for (
  const [what, options, message] of [
    ["full", "size=32k", "No space left on device"],
    ["read-only", "size=1m,ro", "Read-only file system"],
  ]
) {
  Deno.test(`cifar10.ts ends with a line on a ${what} disk, and leaves nothing half`, async () => {
    await onSmallDisk(options, async (folder) => {
      const { code, stderr } = await runProgram(
        "examples/cifar10.ts",
        ...SMALL,
        ...["--out", `${folder}/out`],
      );
      assertEquals(code, 1, stderr);
      assertMatch(stderr, new RegExp(`^error: .*${message}.*$`, "mi"));
      assert(!stderr.includes("    at "), stderr);
      if (what === "read-only") return;
      const left = [...Deno.readDirSync(`${folder}/out`)].map(({ name }) =>
        name
      );
      assertEquals(left.filter((name) => name.endsWith(".part")), []);
    });
  });
}
