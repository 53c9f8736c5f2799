/** Damaged data for every parser and constructor: an answer or a clear error. */

import { assertEquals } from "@std/assert";
import { TARGETS } from "./_fuzz_targets.ts";
import { runCase } from "./_run_case.ts";

const SEED = 1;
/** Cases of the cheapest targets. */
const CASES = 400;

for (const target of TARGETS) {
  const cases = Math.ceil(CASES / Math.sqrt(target.cost));
  Deno.test(`${target.name} refuses ${cases} damaged inputs in clear words, or takes them`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "clr-fuzz-" });
    try {
      for (let index = 0; index < cases; index++) {
        const failure = await runCase(target, { seed: SEED, index, folder });
        assertEquals(failure, undefined);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
