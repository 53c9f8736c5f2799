/**
 * Writes results over and over, as a run does at its end, to be killed at any
 * moment:
 *
 *     _writing_run.ts FOLDER
 *
 * or downloads a file:
 *
 *     _writing_run.ts FOLDER URL MD5
 */

import { writeFile } from "../../src/runtime/write_file.ts";
import { lockFolder } from "../../src/command/lock_folder.ts";
import { Interrupt } from "../../src/command/interrupt.ts";
import { download } from "../../examples/datasets/_download.ts";

const [folder, url, md5] = Deno.args;
using interrupt = new Interrupt();
using _lock = await lockFolder(folder, { by: "_writing_run.ts" });
console.log("started");
if (url === undefined) {
  for (let i = 0; !interrupt.signal.aborted; i++) {
    const columns = { i, rows: Array.from({ length: 20_000 }, () => i) };
    await writeFile(`${folder}/history.json`, JSON.stringify(columns));
  }
} else {
  await download(url, `${folder}/file`, { md5, signal: interrupt.signal });
  console.log("done");
}
