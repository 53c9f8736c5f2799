import { assertEquals } from "@std/assert";
import { runDeno } from "../_run.ts";

const interrupt =
  new URL("../../src/command/interrupt.ts", import.meta.url).href;

/** What a program prints that sends itself what Ctrl-C does; see `interrupt`. */
async function run(body: string): Promise<{ code: number; stdout: string }> {
  const source = `import { Interrupt, loadInterruptibly, stoppedStatus } from ${
    JSON.stringify(interrupt)
  };
    async function pressCtrlC(signal) {
      const aborted = new Promise((resolve) =>
        signal.addEventListener("abort", resolve)
      );
      Deno.kill(Deno.pid, "SIGINT");
      await aborted;
    }
    ${body}`;
  const { code, stdout } = await runDeno(["eval", source]);
  return { code, stdout };
}

const ignore = Deno.build.os === "windows";

Deno.test({
  name:
    "Interrupt aborts its signal at the first Ctrl-C, and ends the process at the second",
  ignore,
  async fn() {
    const ended = await run(`
      const interrupt = new Interrupt();
      await pressCtrlC(interrupt.signal);
      console.log("stopping");
      setTimeout(() => console.log("not reached"), 60_000);
      Deno.kill(Deno.pid, "SIGINT");
    `);
    assertEquals(ended, { code: 130, stdout: "stopping\n" });
  },
});

for (const [name, status] of [["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  Deno.test({
    name: `Interrupt heeds ${name} as Ctrl-C, with a status of its own`,
    ignore,
    async fn() {
      const ended = await run(`
        const interrupt = new Interrupt();
        const aborted = new Promise((resolve) =>
          interrupt.signal.addEventListener("abort", resolve)
        );
        Deno.kill(Deno.pid, "${name}");
        await aborted;
        console.log("saved");
        interrupt[Symbol.dispose]();
        Deno.exit(stoppedStatus());
      `);
      assertEquals(ended, { code: status, stdout: "saved\n" });
    },
  });
}

Deno.test({
  name: "loadInterruptibly() gives what was loaded, unless Ctrl-C came",
  ignore,
  async fn() {
    const ended = await run(`
      console.log(await loadInterruptibly(async () => 4));
      try {
        await loadInterruptibly(pressCtrlC);
      } catch (error) {
        console.log(error.name);
      }
    `);
    assertEquals(ended, { code: 0, stdout: "4\nAbortError\n" });
  },
});
