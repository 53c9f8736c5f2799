import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { GunzipStream } from "../../../examples/datasets/_gunzip_stream.ts";
import { gzip, someBytes } from "./_fixtures.ts";

/** What comes of `bytes`, given in pieces of `size`. */
async function gunzip(bytes: Uint8Array, size = 1 << 16): Promise<Uint8Array> {
  let at = 0;
  const pieces = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.slice(at, at += size));
      else controller.close();
    },
  });
  return await new Response(
    pieces.pipeThrough(new GunzipStream()) as ReadableStream<
      Uint8Array<ArrayBuffer>
    >,
  ).bytes();
}

async function members(
  parts: readonly Uint8Array[],
): Promise<Uint8Array> {
  const packed = await Promise.all(
    parts.map((part) => gzip(part as Uint8Array<ArrayBuffer>)),
  );
  return await new Blob(packed).bytes();
}

Deno.test("GunzipStream gives all members of a file, however it comes in pieces", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 300 }), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.integer({ min: 1, max: 400 }),
      async (parts, size) => {
        assertEquals(
          await gunzip(await members(parts), size),
          await new Blob(parts as BlobPart[]).bytes(),
        );
      },
    ),
    { numRuns: 50 },
  ));

Deno.test("GunzipStream passes over zeros behind the end, as gzip does", async () => {
  const packed = await members([someBytes(100)]);
  for (const size of [1, 7, 1000]) {
    const padded = await new Blob([packed as BlobPart, new Uint8Array(512)])
      .bytes();
    assertEquals(await gunzip(padded, size), someBytes(100));
  }
});

Deno.test("GunzipStream refuses a file that is cut off anywhere but between members", async () => {
  const parts = [someBytes(40), someBytes(40, 2)];
  const packed = await members(parts);
  const between = (await members(parts.slice(0, 1))).length;
  for (let length = 0; length < packed.length; length++) {
    if (length === between) continue;
    await assertRejects(
      () => gunzip(packed.subarray(0, length), 16),
      TypeError,
      "no gzip",
    );
  }
});

Deno.test("GunzipStream refuses changed data, and what is no member behind one", async () => {
  const packed = await members([someBytes(40), someBytes(40, 2)]);
  // The checksum and the length of the last member.
  for (let i = packed.length - 8; i < packed.length; i++) {
    const changed = packed.slice();
    changed[i] ^= 1;
    await assertRejects(() => gunzip(changed), TypeError, "no gzip");
  }
  const followed = await new Blob([packed as BlobPart, "not gzip"]).bytes();
  await assertRejects(() => gunzip(followed), TypeError, "no gzip");
});
