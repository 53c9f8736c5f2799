import { assert, assertEquals, assertRejects } from "@std/assert";
import { hostname } from "node:os";
import process from "node:process";
import { whileNamed } from "../../src/runtime/named_lock.ts";
import { namesIn, withFolder } from "../_folder.ts";

/** Longer than nobody waits whom nobody keeps waiting. */
const LONG = 60;

const OLD = new Date("2001-01-01");
const FUTURE = new Date("2101-01-01");

/** A lock that somebody left behind. */
const LEFT_BEHIND: Record<string, { text: string; time?: Date }> = {
  "a process that is gone": { text: nameOf({ pid: 2 ** 22 + 1 }) },
  "another that had this one's number": {
    text: nameOf({ pid: process.pid, started: "then 1" }),
  },
  "one whose number a process of the system has now": {
    text: nameOf({ pid: 1, started: "then 1" }),
  },
  "one that was killed before it wrote its name": { text: "", time: OLD },
  "one that was killed while it wrote its name": {
    text: nameOf({ pid: process.pid }).slice(0, 9),
    time: OLD,
  },
  "something that names nobody": { text: "null", time: OLD },
  "one that was killed before the clock was set back": {
    text: "",
    time: FUTURE,
  },
};

function nameOf(holder: { readonly pid: number; readonly started?: string }) {
  return JSON.stringify({ host: hostname(), id: "x", ...holder });
}

for (const [who, { text, time }] of Object.entries(LEFT_BEHIND)) {
  Deno.test({
    name: `whileNamed() takes over the lock of ${who}`,
    ignore: Deno.build.os !== "linux",
    fn: () =>
      withFolder(async (folder) => {
        const path = `${folder}/lock`;
        await Deno.writeTextFile(path, text);
        if (time) await Deno.utime(path, time, time);
        assertEquals(await whileNamed(path, () => Promise.resolve(5)), 5);
        assertEquals(namesIn(folder), []);
      }),
  });
}

Deno.test("whileNamed() lets one at a time", () =>
  withFolder(async (folder) => {
    let inside = 0;
    const order: number[] = [];
    await Promise.all(
      Array.from(
        { length: 8 },
        (_, i) =>
          whileNamed(`${folder}/lock`, async () => {
            assertEquals(++inside, 1);
            await new Promise((resolve) => setTimeout(resolve, 3));
            order.push(i);
            inside--;
          }),
      ),
    );
    assertEquals(order.length, 8);
    assertEquals(namesIn(folder), []);
  }));

Deno.test("whileNamed() waits for who holds it, on this machine or another", async () => {
  const held = [
    nameOf({ pid: process.pid }),
    JSON.stringify({ pid: 2 ** 22 + 1, host: `not ${hostname()}`, id: "x" }),
  ];
  for (const text of held) {
    await withFolder(async (folder) => {
      const path = `${folder}/lock`;
      await Deno.writeTextFile(path, text);
      let isIn = false;
      const waiting = whileNamed(path, () => Promise.resolve(isIn = true));
      await new Promise((resolve) => setTimeout(resolve, LONG));
      assert(!isIn);
      await Deno.remove(path);
      await waiting;
      assert(isIn);
    });
  }
});

Deno.test("whileNamed() gives the lock up when its work fails, and leaves none that it could not write", () =>
  withFolder(async (folder) => {
    const path = `${folder}/lock`;
    await assertRejects(
      () => whileNamed(path, () => Promise.reject(new RangeError("mine"))),
      RangeError,
      "mine",
    );
    assertEquals(namesIn(folder), []);
    await assertRejects(() =>
      whileNamed(`${folder}/no/lock`, () => Promise.resolve())
    );
  }));
