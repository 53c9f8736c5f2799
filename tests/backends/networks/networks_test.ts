import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { selectBackend } from "@clr/clr/backends";
import { hasAdapter } from "../_adapter.ts";
import { compare, type Place } from "./_compare.ts";
import { networks } from "./_plan.ts";

const places: Place[] = [["wasm", 1], ["wasm", 2]];

function testNetworks(
  cases: number,
  { seed, places }: { readonly seed: number; readonly places: Place[] },
): void {
  Deno.test({
    name: `${cases} random networks learn on ${
      places.map((place) => place.join(" ")).join(", ")
    } what they learn on cpu`,
    // An adapter outlives the test.
    sanitizeResources: false,
    sanitizeOps: false,
    async fn() {
      // Plans ask layers for their shapes, which some give wrong until then.
      await selectBackend({ backend: "cpu" });
      for (const plan of fc.sample(networks, { seed, numRuns: cases })) {
        const how = await compare(plan, places);
        assertEquals(how, undefined, `${how}\n  ${JSON.stringify(plan)}`);
      }
    },
  });
}

testNetworks(24, { seed: 15, places });
if (await hasAdapter()) {
  testNetworks(6, { seed: 16, places: [["webgpu"]] });
}
