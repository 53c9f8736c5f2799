/** Ends programs that write files, and looks at what they left. */

import { createHash } from "node:crypto";
import { fromFileUrl } from "@std/path";
import { seededRandom } from "../../src/runtime/random.ts";
import {
  fileResponse,
  serve,
  someBytes,
} from "../examples/datasets/_fixtures.ts";
import { ENDINGS } from "../training/checkpoints/_kill_and_resume.ts";

const PROGRAM = fromFileUrl(new URL("_writing_run.ts", import.meta.url));
const FILE = someBytes(400_000, 9);
const MD5 = createHash("md5").update(FILE).digest("hex");

/** Runs the program until it has been ended, `delay` ms after it started. */
async function end(
  args: readonly string[],
  { delay, by }: { readonly delay: number; readonly by: Deno.Signal },
): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", PROGRAM, ...args],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, delay));
  try {
    child.kill(by);
  } catch {
    // It has ended by itself.
  }
  await child.status;
  await reader.cancel();
}

async function read(path: string): Promise<Uint8Array | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Ends a program that writes results, or one that downloads, `kills` times.
 *
 * @throws {Error} If a file is half, an older one is lost, or more is left than
 * one unfinished file.
 */
export async function killFiles(
  what: "writes" | "downloads",
  kills: number,
  seed: number,
): Promise<{ readonly [signal: string]: number }> {
  const random = seededRandom(seed);
  const by: { [signal: string]: number } = {};
  // As slow as a network.
  await using server = serve((request) => {
    const whole = fileResponse(FILE, request);
    const slow = new TransformStream<Uint8Array, Uint8Array>({
      async transform(chunk, controller) {
        for (let at = 0; at < chunk.length; at += 4096) {
          controller.enqueue(chunk.subarray(at, at + 4096));
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      },
    });
    return new Response(whole.body?.pipeThrough(slow), whole);
  });
  const folder = await Deno.makeTempDir({ prefix: "clr-kill-" });
  const args = what === "writes" ? [folder] : [folder, server.url, MD5];
  const path = `${folder}/${what === "writes" ? "history.json" : "file"}`;
  try {
    let written = -1;
    for (let i = 0; i < kills; i++) {
      const ending = ENDINGS[Math.floor(random() * ENDINGS.length)];
      const where = `kill ${i} of seed ${seed}, by ${ending}`;
      await end(args, { delay: random() * 150, by: ending });
      by[ending] = 1 + (by[ending] ?? 0);
      const bytes = await read(path);
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
      const parts = names.filter((name) => name.endsWith(".part"));
      if (parts.length > 1) throw new Error(`${parts} are left: ${where}`);
      if (what === "writes") {
        if (bytes === undefined && written < 0) continue;
        const { i, rows } = JSON.parse(new TextDecoder().decode(bytes));
        if (rows.length !== 20_000 || rows.some((row: number) => row !== i)) {
          throw new Error(`Half a file: ${where}`);
        }
        written = i;
      } else if (bytes !== undefined) {
        if (createHash("md5").update(bytes).digest("hex") !== MD5) {
          throw new Error(`A wrong file: ${where}`);
        }
        // And again from the beginning.
        await Deno.remove(path);
      } else {
        const part = await read(`${path}.part`) ?? new Uint8Array();
        if (part.some((byte, at) => byte !== FILE[at])) {
          throw new Error(`A wrong part: ${where}`);
        }
      }
    }
    return by;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
