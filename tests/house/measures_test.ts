import { assert, assertEquals } from "@std/assert";
import { measure, measureAll, type Row } from "./measures.ts";

const { rows, casts, lines } = await measureAll();

/** Code that assembles kernels reads best as the instructions that it writes. */
function assembles({ path }: Row): boolean {
  return path.startsWith("src/backends/wasm/compute/_");
}

Deno.test("measure() finds functions of every form by their names", () => {
  const { rows } = measure(
    "example.ts",
    `
    function declared(a: number, b: number, c: number, d: number) {}
    const arrow = (a: number, b: number, c: number, d: number) => a;
    const record = { value(a: number, b: number, c: number, d: number) {} };
    class C { #own(a: number, b: number, c: number, { d }: C, ...e: C[]) {} }
    function three(this: C, a: number, b: number, c: number) {}
    `,
  );
  assertEquals(rows.map(({ name, parameters }) => [name, parameters]), [
    ["declared", 4],
    ["arrow", 4],
    ["value", 4],
    ["#own", 5],
  ]);
});

Deno.test("measure() counts casts, and constants as none", () => {
  const { casts } = measure(
    "example.ts",
    "const a = b as unknown as string; const c = [1] as const; <D>e;",
  );
  assertEquals(casts, ["example.ts: as string", "example.ts: as unknown"]);
});

Deno.test("no function takes five arguments in a row", () => {
  assertEquals(rows.filter((row) => row.parameters > 4 && !assembles(row)), []);
});

Deno.test("few functions take four", () => {
  const four = rows.filter((row) => !assembles(row));
  assert(four.length < 15, JSON.stringify(four, null, 2));
});

Deno.test("of a thousand lines of src no more than five have a cast", () => {
  const share = casts.length / lines * 1000;
  assert(share <= 5, `${share.toFixed(1)}:\n${casts.join("\n")}`);
});
