import { assert, assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../src/command/usage_error.ts";
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

Deno.test("loadModule() says of what is no module what one is, or that there is none", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/README.md`, "# A network");
    await Deno.writeTextFile(`${folder}/bad.ts`, `import "./none.ts";`);
    for (
      const [path, message] of [
        ["README.md", "a module is TypeScript or JavaScript that exports"],
        ["README.md/train.ts", "There is no module"],
        ["none/train.ts", "There is no module"],
      ]
    ) {
      await assertRejects(
        () => loadModule(`${folder}/${path}`),
        Error,
        message,
      );
    }
    // Deno's message has its colors, also where none are wanted.
    const error = await assertRejects(() => loadModule(`${folder}/bad.ts`));
    assert(!String(error).includes("\x1b"), String(error));
  }));

Deno.test("loadModule() says what is wrong with a module's own flags", () =>
  withFolder(async (folder) => {
    const path = `${folder}/flags.ts`;
    await Deno.writeTextFile(
      path,
      `export function createModel() {}
      export function createData() {}
      export const findLrFlags = { units: { kind: "int", help: "units" } };`,
    );
    await assertRejects(
      () => loadModule(path),
      UsageError,
      `Cannot read findLrFlags of ${path} as flags.units.kind must be "number" or`,
    );
  }));
