import { assertEquals } from "@std/assert";
import { errorMessage } from "../../src/runtime/error_message.ts";

Deno.test("errorMessage() is an error's message, and of what is none the text", () => {
  assertEquals(errorMessage(new RangeError("too large")), "too large");
  assertEquals(errorMessage("a word"), "a word");
  assertEquals(errorMessage(undefined), "undefined");
});
