import { checkData, listOf, record, text } from "../runtime/check_data.ts";
import type { Flags } from "./flags.ts";

/** The flag of what TensorBoard shows. */
export const TENSORBOARD_FLAGS = {
  tensorboard: {
    kind: "text",
    value: "DIR",
    help: "write what TensorBoard shows of the run into a folder",
  },
} as const satisfies Flags;

/**
 * Rows of names and values as a table of Markdown, which TensorBoard shows.
 * A line break within a cell becomes a space, as it would end the row.
 *
 * @param rows The name and the value of each row, in order.
 * @returns The table, without a line break at the end.
 * @throws {TypeError} If `rows` is no list of lists of text.
 *
 * @example
 * ```ts
 * import { markdownTable } from "@clr/clr/command";
 *
 * console.log(markdownTable([["backend", "wasm"], ["epochs", String(6)]]));
 * // |  |  |
 * // | --- | --- |
 * // | backend | wasm |
 * // | epochs | 6 |
 * ```
 */
export function markdownTable(
  rows: readonly (readonly [name: string, value: string])[],
): string {
  checkData(
    "make a table",
    { rows },
    record({ rows: listOf(listOf(text)) }),
  );
  const cellOf = (text: string) =>
    text.replaceAll(/\s*[\r\n]+\s*/g, " ").replaceAll("|", "\\|");
  const line = (cells: readonly string[]) =>
    `| ${cells.map(cellOf).join(" | ")} |`;
  return [["", ""], ["---", "---"], ...rows].map(line).join("\n");
}
