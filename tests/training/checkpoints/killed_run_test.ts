import { assertEquals, assertMatch } from "@std/assert";
import { killAndResume } from "./_kill_and_resume.ts";

for (const backend of ["cpu", "wasm"]) {
  Deno.test(`a run on ${backend} that is killed and resumed ends bit for bit as one that is not`, async () => {
    const training = { backend, batches: 14, every: 2 };
    const { whole, killed } = await killAndResume(training, 2, {
      endings: [backend === "cpu" ? "SIGTERM" : "SIGKILL"],
    });
    assertMatch(whole, /^done /);
    assertEquals(killed, whole);
  });
}
