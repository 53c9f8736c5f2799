import { checkData, mapOf, that } from "../../runtime/check_data.ts";
import { checkKind } from "../../runtime/check_given.ts";
import { isRecord } from "../../runtime/records.ts";
import { isRecordedColumn, readColumn } from "../../runtime/columns.ts";
import type { Columns } from "./history.ts";

/**
 * The columns as CSV text (RFC 4180): a header, then one line per row, numbers
 * in full precision and an empty field for NaN.
 *
 * @throws {TypeError} If a column is no list of numbers, or not as long as the
 * others.
 *
 * @example
 * ```ts
 * import { toCsv } from "@clr/clr/training";
 *
 * console.log(toCsv({ iterations: [1, 2], lr: [0.001, 0.002] }));
 * ```
 */
export function toCsv(columns: Columns): string {
  checkKind(
    "write CSV",
    { name: "it", value: columns, must: "columns, such as clr.history" },
    !isRecord(columns) || !("history" in columns) ||
      Array.isArray(columns.history),
  );
  const rows = Math.max(
    0,
    ...Object.values(Object(columns) as Columns)
      .map((values) => Object(values).length ?? 0),
  );
  const column = that(
    `be a list of ${rows} numbers`,
    (value) => isRecordedColumn(value) && value.length === rows,
  );
  checkData("write CSV", columns, mapOf(column));
  const names = Object.keys(columns);
  const values = names.map((name) => readColumn(columns[name]));
  const lines = [names.map(csvField).join(",")];
  for (let row = 0; row < rows; row++) {
    lines.push(
      values.map((column) =>
        Number.isNaN(column[row]) ? "" : String(column[row])
      ).join(","),
    );
  }
  return lines.join("\r\n") + "\r\n";
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
