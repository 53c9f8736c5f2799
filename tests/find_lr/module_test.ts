import { assert, assertEquals, assertRejects } from "@std/assert";
import { loadModule, repeatable } from "../../src/find_lr/module.ts";
import { withFolder } from "../_folder.ts";

async function read(batches: unknown): Promise<unknown[]> {
  const read: unknown[] = [];
  for await (const batch of batches as AsyncIterable<unknown>) read.push(batch);
  return read;
}

Deno.test("repeatable() takes a generator of batches for the function that makes it", async () => {
  function* batches() {
    yield* [1, 2, 3];
  }
  const kinds: (() => unknown)[] = [
    batches,
    () => Promise.resolve(batches()),
    async function* () {
      await Promise.resolve();
      yield* batches();
    },
  ];
  for (const createData of kinds) {
    const data = repeatable(await createData() as never, createData);
    assert(typeof data === "function");
    for (let time = 0; time < 2; time++) {
      assertEquals(await read(data()), [1, 2, 3]);
    }
  }
});

Deno.test("repeatable() leaves other data as they are", () => {
  const kinds = [{ xs: 1, ys: 1 }, () => [], [1, 2], { iterator() {} }];
  for (const data of kinds) {
    assertEquals(repeatable(data as never, () => data), data as never);
  }
});

Deno.test("loadModule() says what a module exports in place of what is asked for", () =>
  withFolder(async (folder) => {
    const path = `${folder}/other.ts`;
    await Deno.writeTextFile(path, "export const network = 1, batches = 2;");
    await assertRejects(
      () => loadModule(path),
      Error,
      "must export a function createModel(); it exports batches, network",
    );
  }));
