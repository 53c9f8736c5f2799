/**
 * Deno's own: it does not run in Node, Bun or browsers.
 *
 * Starts a project:
 *
 * ```sh
 * deno run -A jsr:@clr/clr/init my-project
 * ```
 *
 * writes `train.ts`, a program that finds the bounds of a learning rate for a
 * small network, trains between them and reports, and `deno.json` with what it
 * needs. It runs as it stands; put your model and data in place of its own.
 * Nothing that exists is overwritten.
 *
 * @module
 */

import { makeFolder } from "./runtime/make_folder.ts";
import "./runtime/in_deno.ts";
import { join } from "@std/path";
import { OWN_VERSION, runCommand } from "./command/run.ts";
import { quote } from "./command/quote.ts";
import { UsageError } from "./command/usage_error.ts";
import { writeFile } from "./runtime/write_file.ts";
import { DENO_JSON, TRAIN } from "./init/starter.ts";

const FILES = [["deno.json", DENO_JSON], ["train.ts", TRAIN]] as const;

/** Writes the files of a starter into `folder`, which is made. */
async function writeStarter(folder: string): Promise<void> {
  await makeFolder("start a project", folder);
  for (const [name] of FILES) {
    const path = join(folder, name);
    const exists = await Deno.lstat(path).then(() => true, (error) => {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    });
    if (exists) {
      throw new UsageError(
        `Cannot start a project as ${path} must not exist yet: name another folder`,
        { isInHelp: false },
      );
    }
  }
  const written: string[] = [];
  try {
    for (const [name, text] of FILES) {
      const path = join(folder, name);
      await writeFile(path, text);
      written.push(path);
    }
  } catch (error) {
    // Half of a project would be in the way of another attempt.
    for (const path of written) await Deno.remove(path).catch(() => {});
    throw error;
  }
}

if (import.meta.main) {
  await runCommand({
    summary: "Writes a program that trains with a cyclical learning rate.",
    usage: "deno run -A jsr:@clr/clr/init [DIR]",
    version: OWN_VERSION,
    flags: {},
    positional: true,
    async main({ _ }) {
      const [folder = "."] = _;
      if (_.length > 1) {
        throw new UsageError(
          `Name one folder at most: current value is ${_.join(", ")}`,
        );
      }
      if (folder === "") {
        throw new UsageError('Name the folder: current value is ""');
      }
      await writeStarter(folder);
      const enter = folder === "." ? "" : `cd ${quote(folder)} && `;
      console.log(
        `Wrote train.ts and deno.json. Train with:\n\n  ${enter}deno task train`,
      );
      return 0;
    },
  });
}
