import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { toBase64 } from "../../src/runtime/base64.ts";

Deno.test("toBase64() is what the runtime's own method gives, of any length", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    assertEquals(toBase64(bytes), bytes.toBase64());
  }));
  const long = Uint8Array.from({ length: 100_001 }, (_, i) => i * 7);
  assertEquals(toBase64(long), long.toBase64());
});
