import { assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { readCsv } from "../../../examples/browser/read_csv.ts";

/** A table of `rows` lines, made by `line`. */
function lines(rows: number, line: (i: number) => string): string {
  return Array.from({ length: rows }, (_, i) => line(i)).join("\n");
}

Deno.test("readCsv() gives back the numbers of any table", () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true })
    // Text has no -0.
    .map((value) => Math.fround(value) + 0).filter(Number.isFinite);
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 5 }).chain((width) =>
      fc.array(
        fc.array(number, { minLength: width + 1, maxLength: width + 1 }),
        { minLength: 20, maxLength: 40 },
      )
    ),
    fc.constantFrom(",", ";", "\t"),
    fc.constantFrom("\n", "\r\n"),
    fc.boolean(),
    (table, separator, end, header) => {
      // Amounts, whatever was drawn.
      table.forEach((row, i) => row[row.length - 1] = i + 0.5);
      const rows = table.map((row) => row.join(separator));
      const names = table[0].map((_, i) => `column ${i}`).join(separator);
      const text = [...(header ? [names] : []), ...rows, ""].join(end);
      const { features, targets, width, classes, rows: count } = readCsv(text);
      assertEquals(count, table.length);
      assertEquals(width, table[0].length - 1);
      assertEquals(classes, undefined);
      assertEquals([...features], table.flatMap((row) => row.slice(0, -1)));
      assertEquals([...targets], table.map((row) => row.at(-1)!));
    },
  ));
});

Deno.test("readCsv() finds classes in names and in a few whole numbers", () => {
  const names = readCsv(
    "width,height,kind\n" +
      lines(24, (i) => `${i}, 1.5 ,"${["rose", "ivy, common"][i % 2]}"`),
  );
  assertEquals(names.classes, ["ivy, common", "rose"]);
  assertEquals([...names.targets.slice(0, 4)], [1, 0, 1, 0]);
  const numbers = readCsv(lines(40, (i) => `${i};${[10, 2, 7][i % 3]}`));
  assertEquals(numbers.classes, ["2", "7", "10"]);
  assertEquals([...numbers.targets.slice(0, 3)], [2, 0, 1]);
  // As many whole numbers are amounts.
  assertEquals(readCsv(lines(90, (i) => `1,${i}`)).classes, undefined);
});

Deno.test("readCsv() says where and what is wrong", () => {
  const good = lines(30, (i) => `${i},${2 * i},${i + 0.5}`);
  const faults: readonly (readonly [text: string, message: string])[] = [
    ["", "the file must have rows: current value is an empty file"],
    ["\n \n", "the file must have rows"],
    // A picture, and a table in UTF-16, as the browser reads them.
    [
      "\ufffdPNG\r\n\u001a\n\0\0",
      "must be text in UTF-8: current value is another",
    ],
    ["1\0,\x002\0\n", "must be text in UTF-8"],
    [lines(30, String), "line 1 must have two columns or more"],
    [
      lines(19, (i) => `1,${i}`),
      "must have 20 rows or more: current value is 19",
    ],
    [`${good}\n1,2`, "line 31 must have 3 columns: current value is 2"],
    [`${good}\n1,2,3,4`, "line 31 must have 3 columns: current value is 4"],
    [
      `${good}\n\n1,two,3`,
      'line 32, column 2 must be a number: current value is "two"',
    ],
    [
      `${good}\n1,,3`,
      'line 31, column 2 must be a number: current value is ""',
    ],
    [`${good}\n1,NaN,3`, "line 31, column 2 must be a number"],
    [`${good}\n1,1e300,3`, '"1e300"; at most 3.4e38 can be computed with'],
    [`${good}\n1,2,-1e39`, '"-1e39"; at most 3.4e38 can be computed with'],
    [
      lines(30, (i) => `${i},5;${2 * i}`),
      'line 2, column 1 must be a number: current value is "1,5"; write decimals with a point',
    ],
    [
      `${good}\n1,2,`,
      "line 31, column 3 must be a target: current value is nothing",
    ],
    [
      lines(30, (i) => `${i},7`),
      "the last column must have two different values",
    ],
    [lines(30, (i) => `${i},name ${i}`), "30 names in 30 rows"],
  ];
  for (const [text, message] of faults) {
    assertThrows(() => readCsv(text), TypeError, message);
  }
});
