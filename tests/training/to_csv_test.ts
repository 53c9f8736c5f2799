import { assertEquals } from "@std/assert";
import { toCsv } from "@clr/clr/training";

Deno.test("toCsv() writes a header and a line per row that reads back exactly", () => {
  const loss = [1 / 3, NaN, 1e-300];
  const text = toCsv({ iterations: [1, 2, 3], 'val "x", y': loss });
  const lines = text.split("\r\n");
  assertEquals(lines[0], 'iterations,"val ""x"", y"');
  assertEquals(Number(lines[1].split(",")[1]), loss[0]);
  assertEquals(lines[2], "2,");
  assertEquals(Number(lines[3].split(",")[1]), loss[2]);
  assertEquals(lines.length, 5);
});
