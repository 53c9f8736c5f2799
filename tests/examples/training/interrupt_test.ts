import { assertEquals, assertRejects } from "@std/assert";
import {
  Interrupt,
  loadInterruptibly,
} from "../../../examples/training/interrupt.ts";

const ignore = Deno.build.os === "windows";

/** Sends this process what Ctrl-C does, and waits for the signal to arrive. */
async function pressCtrlC(signal: AbortSignal): Promise<void> {
  const aborted = new Promise((resolve) =>
    signal.addEventListener("abort", resolve)
  );
  Deno.kill(Deno.pid, "SIGINT");
  await aborted;
}

Deno.test({
  name: "Interrupt aborts its signal at the first Ctrl-C",
  ignore,
  async fn() {
    using interrupt = new Interrupt();
    assertEquals(interrupt.signal.aborted, false);
    await pressCtrlC(interrupt.signal);
  },
});

Deno.test({
  name: "loadInterruptibly() gives what was loaded, unless Ctrl-C came",
  ignore,
  async fn() {
    assertEquals(await loadInterruptibly(() => Promise.resolve(4)), 4);
    const error = await assertRejects(
      () =>
        loadInterruptibly(async (signal) => {
          await pressCtrlC(signal);
          return 4;
        }),
      DOMException,
    );
    assertEquals(error.name, "AbortError");
  },
});
