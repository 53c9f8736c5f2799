import { checkData, mapOf, that } from "../runtime/check_data.ts";
import type { Columns } from "./history.ts";

const listed = that(
  "be a list of numbers",
  (value) => Array.isArray(value) || ArrayBuffer.isView(value),
);

/**
 * The columns as CSV text (RFC 4180): a header, then one line per row, numbers
 * in full precision and an empty field for NaN.
 *
 * @throws {TypeError} If a column is no list of numbers.
 *
 * @example
 * ```ts
 * import { toCsv } from "@clr/clr/training";
 *
 * console.log(toCsv({ iterations: [1, 2], lr: [0.001, 0.002] }));
 * ```
 */
export function toCsv(columns: Columns): string {
  checkData("write CSV", columns, mapOf(listed));
  const names = Object.keys(columns);
  const rows = Math.max(0, ...names.map((name) => columns[name].length));
  const lines = [names.map(csvField).join(",")];
  for (let row = 0; row < rows; row++) {
    lines.push(
      names.map((name) => {
        const value = columns[name][row];
        return Number.isNaN(value) ? "" : String(value);
      }).join(","),
    );
  }
  return lines.join("\r\n") + "\r\n";
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
