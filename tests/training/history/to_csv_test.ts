import { assertEquals, assertThrows } from "@std/assert";
import { CyclicLR } from "@clr/clr";
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

Deno.test("toCsv() writes columns that came through JSON, and refuses what are none", () => {
  const columns = { loss: [1, NaN, 3] };
  assertEquals(toCsv(JSON.parse(JSON.stringify(columns))), toCsv(columns));
  assertEquals(
    toCsv({ loss: ["Infinity", null] } as never),
    toCsv({ loss: [Infinity, NaN] }),
  );
  assertEquals(toCsv({ lr: Float32Array.of(0.5) } as never), "lr\r\n0.5\r\n");
  const faults: [unknown, string][] = [
    [{ a: [1, 2], b: [1] }, "b must be a list of 2 numbers"],
    [{ a: [1], b: [1, 2] }, "a must be a list of 2 numbers"],
    [{ a: ["1,5"] }, 'current value is ["1,5"]'],
    [{ a: [1, , 3] }, "current value is [1,undefined,3]"],
    [{ a: 5 }, "current value is 5"],
  ];
  for (const [columns, message] of faults) {
    assertThrows(() => toCsv(columns as never), TypeError, message);
  }
});

Deno.test("toCsv() of a run says that its history was meant", () => {
  assertThrows(
    () => toCsv(new CyclicLR() as never),
    TypeError,
    "Cannot write CSV as it must be columns, such as clr.history: current value is a CyclicLR",
  );
  assertEquals(toCsv({ history: [1, 2] }), "history\r\n1\r\n2\r\n");
});
