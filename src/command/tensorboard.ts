import type { Flags } from "./flags.ts";

/** The flag of what TensorBoard shows. */
export const TENSORBOARD_FLAGS = {
  tensorboard: {
    kind: "text",
    value: "DIR",
    help: "write what TensorBoard shows of the run into a folder",
  },
} as const satisfies Flags;

/** Rows of names and values as a table of Markdown, which TensorBoard shows. */
export function markdownTable(
  rows: readonly (readonly [name: string, value: string])[],
): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [["", ""], ["---", "---"], ...rows].map(line).join("\n");
}
