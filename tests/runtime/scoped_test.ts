import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { scoped } from "../../src/runtime/scoped.ts";

/** A resource that notes its end. */
function noting(name: string, notes: string[]): Disposable {
  return { [Symbol.dispose]: () => void notes.push(name) };
}

Deno.test("scoped() disposes of what it owns, the last first, and gives the result", () => {
  const notes: string[] = [];
  const result = scoped((own) => {
    own(noting("first", notes));
    own(undefined);
    own(noting("last", notes));
    notes.push("body");
    return 7;
  });
  assertEquals(result, 7);
  assertEquals(notes, ["body", "last", "first"]);
});

Deno.test("scoped() disposes of all where the body throws, or one of them does", () => {
  const notes: string[] = [];
  assertThrows(
    () =>
      scoped((own) => {
        own(noting("first", notes));
        own({
          [Symbol.dispose]() {
            throw new Error("disposal");
          },
        });
        own(noting("last", notes));
        throw new Error("body");
      }),
    Error,
    "disposal",
  );
  assertEquals(notes, ["last", "first"]);
});

Deno.test("scoped() waits for a promise, and for what takes time to end", async () => {
  const notes: string[] = [];
  const slow: AsyncDisposable = {
    async [Symbol.asyncDispose]() {
      await Promise.resolve();
      notes.push("slow");
    },
  };
  const result = scoped(async (own) => {
    own(noting("first", notes));
    own(slow);
    await Promise.resolve();
    notes.push("body");
    return 7;
  });
  assertEquals(notes, []);
  assertEquals(await result, 7);
  assertEquals(notes, ["body", "slow", "first"]);
  await assertRejects(
    () =>
      scoped(async (own) => {
        own(noting("failed", notes));
        await Promise.reject(new Error("body"));
      }),
    Error,
    "body",
  );
  assertEquals(notes.at(-1), "failed");
});
