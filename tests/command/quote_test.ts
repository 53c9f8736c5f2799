import { assertEquals } from "@std/assert";
import { quote } from "../../src/command/quote.ts";

Deno.test("quote() leaves usual paths as they are and quotes others for each shell", () => {
  for (const path of ["a", "./runs/é-1.x", "/tmp/a_b:c@d%e,f+g=h"]) {
    assertEquals(quote(path, "linux"), path);
  }
  assertEquals(quote("my project", "linux"), "'my project'");
  assertEquals(quote("C:\\my runs\\1", "windows"), `"C:\\my runs\\1"`);
  assertEquals(quote("C:\\runs\\1", "windows"), "C:\\runs\\1");
  assertEquals(quote("-x", "linux"), "./-x");
});

Deno.test({
  name: "a shell takes what quote() gives for that one word",
  ignore: Deno.build.os === "windows",
  async fn() {
    for (
      const path of [
        ...["plain", "two words", "it's", `"double"`, "$HOME", "`id`", "a;b"],
        ...["a&b", "a\\b", "*", "~", "!1", "#x", "tab\t", "line\nbreak", "ü ö"],
      ]
    ) {
      const { stdout } = await new Deno.Command("sh", {
        args: ["-c", `printf %s ${quote(path)}`],
      }).output();
      assertEquals(new TextDecoder().decode(stdout), path);
    }
  },
});
