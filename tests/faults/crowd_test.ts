/** More viewers of a live page than the process may have files open. */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

const PROGRAM = fromFileUrl(new URL("_crowded_page.ts", import.meta.url));
const VIEWERS = 1200;
const MOST_OPEN = 1024;

/** What a process that may open so many has left for viewers, at the least. */
const FEWEST = 800;

/**
 * Connections that send nothing: as many of `count` as this process may have, and
 * as the page takes, which may close once its own are used up.
 */
async function crowd(port: number, count: number): Promise<Deno.TcpConn[]> {
  const connections: Deno.TcpConn[] = [];
  try {
    while (connections.length < count) {
      connections.push(await Deno.connect({ hostname: "127.0.0.1", port }));
    }
  } catch (error) {
    if (connections.length < FEWEST) throw error;
  }
  return connections;
}

Deno.test({
  name:
    `a run outlives ${VIEWERS} idle viewers where it may open ${MOST_OPEN} files`,
  // bash has the limit.
  ignore: Deno.build.os === "windows",
  async fn() {
    const { stdin, stdout, stderr, status } = new Deno.Command("bash", {
      args: [
        "-c",
        `ulimit -n ${MOST_OPEN} && exec "$0" run -A "$1"`,
        Deno.execPath(),
        PROGRAM,
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
    const complaints = new Response(stderr).text();
    const lines = stdout.pipeThrough(new TextDecoderStream())[
      Symbol.asyncIterator
    ]();
    let said = "";
    while (!said.includes("\n")) said += (await lines.next()).value;
    const url = said.split("\n").find((line) => line.startsWith("http"))!;
    const viewers = await crowd(Number(new URL(url).port), VIEWERS);
    assert(viewers.length >= FEWEST);
    const writer = stdin.getWriter();
    await writer.write(new Uint8Array([10]));
    await writer.close();
    for await (const more of { [Symbol.asyncIterator]: () => lines }) {
      said += more;
    }
    for (const viewer of viewers) viewer.close();
    const { code } = await status;
    assertEquals(code, 0, await complaints);
    assert(said.includes("trained 120"), said);
    assert(!(await complaints).includes("    at "), await complaints);
  },
});
