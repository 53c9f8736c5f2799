/** What runs everywhere stays so: see the list of runtimes in ARCHITECTURE.md. */

import { assert, assertEquals } from "@std/assert";
import denoJson from "../../deno.json" with { type: "json" };
import { VERSION } from "../../src/runtime/version.ts";
import { readModules } from "./_modules.ts";

/** Deno's own; they say so themselves where they are loaded elsewhere. */
const DENO_ALONE = [
  "./command",
  "./devices",
  "./doctor",
  "./find-lr",
  "./init",
];

const everywhere = Object.entries(denoJson.exports)
  .filter(([name]) => !DENO_ALONE.includes(name))
  .map(([, path]) => path);

Deno.test("what runs everywhere imports npm packages alone", async () => {
  const foreign = new Set<string>();
  for (const entry of everywhere) {
    for (const { specifier } of await readModules(entry, { later: true })) {
      if (!/^(file|npm):/.test(specifier)) foreign.add(specifier);
      // The stand-ins for packages of JSR.
      if (specifier.includes("/std/")) foreign.add(specifier);
    }
  }
  assertEquals([...foreign], []);
});

Deno.test("no module of the package has syntax that Node 22 cannot read", async () => {
  const found: string[] = [];
  const modules = new Set<string>();
  for (const entry of Object.values(denoJson.exports)) {
    for (const { specifier } of await readModules(entry, { later: true })) {
      if (specifier.startsWith("file:")) modules.add(specifier);
    }
  }
  for (const module of modules) {
    const text = await Deno.readTextFile(new URL(module));
    const using = /^ *(await )?using \w+ =.*$/m.exec(text);
    if (using) found.push(`${module}: ${using[0].trim()}`);
  }
  assert(modules.size > 200, `${modules.size} modules`);
  assertEquals(found, [], "use scoped() of src/runtime");
});

Deno.test("what is Deno's own says so at the top of its documentation", async () => {
  for (const name of DENO_ALONE) {
    const path = (denoJson.exports as Record<string, string>)[name];
    const text = await Deno.readTextFile(
      new URL(`../../${path}`, import.meta.url),
    );
    assert(text.includes("Deno's own: it does not run in Node"), name);
    assert(/^import "\.\.?\/runtime\/in_deno\.ts";$/m.test(text), name);
  }
});

Deno.test("the version that is written down is that of deno.json", () => {
  assertEquals(VERSION, denoJson.version);
});
