import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

Deno.test({
  name:
    "LivePage answers again after more connections than the process may have, and closes",
  ignore: Deno.build.os === "windows",
  async fn() {
    const program = fromFileUrl(
      new URL("_crowded_live_page.ts", import.meta.url),
    );
    const { code, stdout } = await new Deno.Command("bash", {
      args: [
        "-c",
        `ulimit -n 220; exec "$0" run -A --no-check "$1"`,
        Deno.execPath(),
        program,
      ],
      stderr: "null",
    }).output();
    assertEquals(
      { code, stdout: new TextDecoder().decode(stdout) },
      { code: 0, stdout: "answers 200\nclosed\n" },
    );
  },
});
