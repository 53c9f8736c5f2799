import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { withFolder } from "../_folder.ts";
import { runProgram } from "../_run.ts";
import { pointsOf, readEvents } from "../training/_event_reader.ts";

/** The steps whose rate the files of a folder have, and not those within it. */
async function stepsIn(folder: string): Promise<number[]> {
  const files = Array.from(Deno.readDirSync(folder)).filter(({ isFile }) =>
    isFile
  );
  const events = await Promise.all(
    files.map(({ name }) => readEvents(join(folder, name))),
  );
  return pointsOf(events.flat(), "batch/lr").steps.sort((a, b) => a - b);
}

Deno.test("cifar10.ts logs each run that begins into a folder of its own, and goes on in that", () =>
  withFolder(async (folder) => {
    const logs = join(folder, "logs");
    const train = async (out: string, epochs: number, ...args: string[]) => {
      const { code, stderr } = await runProgram(
        "examples/cifar10.ts",
        ...["--data", "synthetic", "--backend", "wasm", "--threads", "1"],
        ...["--train-images", "20", "--test-images", "10"],
        ...["--batch-size", "10", "--no-plots", "--tensorboard", logs],
        ...["--out", join(folder, out), "--epochs", String(epochs), ...args],
      );
      assertEquals(code, 0, stderr);
      return stderr;
    };
    await train("first", 1, "--checkpoint-every", "2");
    const said = await train("second", 1, "--checkpoint-every", "2");
    assertStringIncludes(said.replaceAll(/\s+/g, " "), `logs to ${logs}/run-2`);
    assertEquals(await stepsIn(logs), [1, 2]);
    assertEquals(await stepsIn(`${logs}/run-2`), [1, 2]);

    await train("first", 2, "--resume");
    assertEquals(await stepsIn(logs), [1, 2, 3, 4]);
    assertEquals(await stepsIn(`${logs}/run-2`), [1, 2]);
    await train("second", 3, "--resume");
    assertEquals(await stepsIn(logs), [1, 2, 3, 4]);
    assertEquals(await stepsIn(`${logs}/run-2`), [1, 2, 3, 4, 5, 6]);
  }));
