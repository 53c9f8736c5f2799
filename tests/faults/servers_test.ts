/** Downloads from servers that misbehave: the right file or a clear error. */

import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { download } from "../../examples/datasets/_download.ts";
import { exists } from "../../examples/datasets/_cache.ts";
import { DatasetError } from "../../examples/datasets/image_dataset.ts";
import { tempDir } from "../_folder.ts";
import { BadServer, BEHAVIOURS, FILE } from "./_bad_servers.ts";

const md5 = createHash("md5").update(FILE).digest("hex");
const HASTE = { md5, maxBytes: FILE.length, retries: 3, retryDelay: 1 };
/** For servers that stop: any other may take as long as a busy machine does. */
const IMPATIENCE = { ...HASTE, connectTimeout: 400, stallTimeout: 200 };
/** Bytes that a part has which an earlier call left. */
const LEFT = 10_000;

for (const [what, { had, stalls, how }] of Object.entries(BEHAVIOURS)) {
  const options = stalls ? IMPATIENCE : HASTE;
  for (const part of [0, LEFT]) {
    const name = `download() ${
      had ? "gets the file from" : "refuses"
    } a server that ${what}${part ? ", with a part at hand" : ""}`;
    Deno.test(name, async () => {
      await using dir = await tempDir();
      const path = `${dir.path}/file`;
      if (part) await Deno.writeFile(`${path}.part`, FILE.subarray(0, part));
      {
        await using server = new BadServer(how);
        const error = await download(`${server.url}file`, path, options)
          .then(() => undefined, (error) => error);
        if (error === undefined) {
          assertEquals(await Deno.readFile(path), FILE);
        } else {
          assert(error instanceof DatasetError, `${error.stack}`);
          assert(
            error.message.startsWith("Cannot ") ||
              error.message.startsWith(server.url),
          );
          assert(!error.message.includes("\n"));
          assertEquals(await exists(path), false);
        }
        // With a part at hand, some of what is wrong is never met.
        if (had || part === 0) assertEquals(error === undefined, had);
        assert(server.requests <= 25, `${server.requests} requests`);
        assert(server.sent < 20_000_000, `${server.sent} bytes`);
      }
      if (await exists(path)) return;
      // Whatever is left, a good server's file is had in the end.
      await using good = new BadServer(BEHAVIOURS["answers as it should"].how);
      await download(`${good.url}file`, path, HASTE);
      assertEquals(await Deno.readFile(path), FILE);
      assertEquals([...Deno.readDirSync(dir.path)].map(({ name }) => name), [
        "file",
      ]);
    });
  }
}

Deno.test("download() keeps what was downloaded where a login page is in the way", async () => {
  await using dir = await tempDir();
  const path = `${dir.path}/file`;
  await Deno.writeFile(`${path}.part`, FILE.subarray(0, LEFT));
  await using server = new BadServer(
    BEHAVIOURS["is a network's login page"].how,
  );
  const error = await download(`${server.url}file`, path, HASTE)
    .then(() => undefined, (error) => error);
  assert(error instanceof DatasetError);
  assert(error.message.includes("which wants a login"), error.message);
  assertEquals(
    await Deno.readFile(`${path}.part`),
    FILE.slice(0, LEFT),
  );
});

Deno.test("download() heeds an abort in the middle of a fast body", async () => {
  await using dir = await tempDir();
  await using server = new BadServer(BEHAVIOURS["sends without end"].how);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 50);
  const error = await download(`${server.url}file`, `${dir.path}/file`, {
    ...HASTE,
    maxBytes: 2 ** 40,
    signal: stop.signal,
  }).then(() => undefined, (error) => error);
  assertEquals((error as DOMException).name, "AbortError");
  assert(server.sent < 500_000_000);
});

Deno.test("download() keeps what was downloaded where a server claims that the file is too large", async () => {
  await using dir = await tempDir();
  const path = `${dir.path}/file`;
  await Deno.writeFile(`${path}.part`, FILE.subarray(0, LEFT));
  await using server = new BadServer(BEHAVIOURS["announces a terabyte"].how);
  const error = await download(`${server.url}file`, path, HASTE)
    .then(() => undefined, (error) => error);
  assert(error instanceof DatasetError, String(error));
  assertEquals(await Deno.readFile(`${path}.part`), FILE.slice(0, LEFT));
});

Deno.test("download() leaves nothing of an attempt that was killed beside the file", async () => {
  await using dir = await tempDir();
  const path = `${dir.path}/file`;
  const rest = [".part.unpacked", ".whole.part", ".whole.part.unpacked"];
  await using server = new BadServer(BEHAVIOURS["answers as it should"].how);
  for (const part of [0, LEFT, FILE.length]) {
    if (part) await Deno.writeFile(`${path}.part`, FILE.subarray(0, part));
    for (const end of rest) await Deno.writeFile(path + end, FILE);
    await download(`${server.url}file`, path, HASTE);
    assertEquals(await Deno.readFile(path), FILE);
    assertEquals(Array.from(Deno.readDirSync(dir.path)).length, 1);
  }
});
