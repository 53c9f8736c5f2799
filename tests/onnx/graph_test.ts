import { assert, assertEquals } from "@std/assert";
import { readModules } from "../house/_modules.ts";

/** The npm packages that the entry point loads, or may load later too. */
async function packages(entry: string, later: boolean): Promise<string[]> {
  const found = (await readModules(entry, { later }))
    .flatMap(({ specifier }) =>
      /^npm:\/?((?:@[^/]+\/)?[^@/]+)/.exec(specifier)?.[1] ?? []
    );
  return [...new Set(found)].sort();
}

const EXPORT = ["@bufbuild/protobuf", "@tensorflow/tfjs"];

Deno.test("@clr/clr/onnx/export brings no runtime, not even later", async () => {
  assertEquals(await packages("src/onnx/export.ts", true), EXPORT);
});

Deno.test("@clr/clr/onnx loads its runtime with the first session", async () => {
  assertEquals(await packages("src/onnx/mod.ts", false), EXPORT);
  const later = await packages("src/onnx/mod.ts", true);
  assert(later.includes("onnxruntime-web"), later.join());
});

Deno.test("@clr/clr needs no package but tfjs", async () => {
  assertEquals(await packages("mod.ts", true), ["@tensorflow/tfjs"]);
});
