/** Runs that may write no large file (`ulimit -f`), which the system ends there. */

import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { lockFolder } from "@clr/clr/command";
import { loadCheckpoint, saveCheckpoint } from "@clr/clr/training";
import { namesIn, withFolder } from "../_folder.ts";

const PROGRAM = fromFileUrl(new URL("_large_write.ts", import.meta.url));
/** Bytes: more than the small writes have, less than the large ones. */
const LIMIT = 100_000;

/** Runs the program until the system ends it; gives the signal. */
async function runLimited(
  folder: string,
  what: "file" | "checkpoint",
): Promise<Deno.Signal | null> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", PROGRAM, folder, what],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (!text.includes("started")) continue;
    // Not from the start: what Deno writes into its own cache is larger.
    const { success } = await new Deno.Command("prlimit", {
      args: ["--pid", String(child.pid), `--fsize=${LIMIT}`],
    }).output();
    assertEquals(success, true);
    await child.stdin.close();
    break;
  }
  return (await child.status).signal;
}

function hasPrlimit(): boolean {
  try {
    return new Deno.Command("prlimit", { args: ["--version"] })
      .outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const ignore = Deno.build.os !== "linux" || !hasPrlimit();

Deno.test({
  name:
    "writeFile() that the system ends leaves the file that was there, and the next run sweeps the rest",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      assertEquals(await runLimited(folder, "file"), "SIGXFSZ");
      assertEquals(
        await Deno.readTextFile(`${folder}/history.json`),
        "1".repeat(400),
      );
      const [, part, ...others] = namesIn(folder);
      assertEquals(others, []);
      assertEquals(/^history\.json\.[0-9a-f]{8}\.part$/.test(part), true);
      using _lock = await lockFolder(folder, { by: "the next run" });
      assertEquals(namesIn(folder), ["history.json"]);
    }),
});

Deno.test({
  name:
    "saveCheckpoint() that the system ends leaves the one before, and the next run goes on",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      await tf.setBackend("cpu");
      assertEquals(await runLimited(folder, "checkpoint"), "SIGXFSZ");
      const out = `${folder}/checkpoints`;
      const checkpoint = (await loadCheckpoint(out))!;
      assertEquals([checkpoint.data, checkpoint.damaged], [1, []]);
      assertEquals(namesIn(out).length, 2);
      using _lock = await lockFolder(folder, { by: "the next run" });
      const model = tf.sequential({
        layers: [tf.layers.dense({ units: 1, inputShape: [100] })],
      });
      model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
      checkpoint.restore({ model });
      await saveCheckpoint(out, { model });
      assertEquals(namesIn(out), ["checkpoint-000001", "checkpoint-000002"]);
      model.optimizer.dispose();
      model.dispose();
    }),
});
