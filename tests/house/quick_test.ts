import { SLOW } from "./quick.ts";

Deno.test("what test:quick leaves out is there", async () => {
  for (const path of SLOW) {
    await Deno.stat(new URL(`../${path}`, import.meta.url));
  }
});
