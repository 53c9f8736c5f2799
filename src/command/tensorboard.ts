import { checkData, listOf, record, text } from "../runtime/check_data.ts";
import { checkFolder } from "../runtime/check_given.ts";
import type { Flags } from "./flags.ts";
import { tryToTell } from "./tell.ts";

/** The flag of what TensorBoard shows. */
export const TENSORBOARD_FLAGS = {
  tensorboard: {
    kind: "text",
    value: "DIR",
    help: "write what TensorBoard shows of the run into a folder, or where " +
      "another run has, into run-2, run-3, … there",
  },
} as const satisfies Flags;

/**
 * The folder for the logs of a run that begins, of which TensorBoard makes one run:
 * `folder`, or where another run has logged there or into its `range`, the first of
 * `run-2`, `run-3`, … in it without logs. Says on stderr where it is not `folder`.
 *
 * Nothing is made: `TensorBoardLogger` does that. A run that goes on from a
 * checkpoint belongs into the folder that it had.
 *
 * @throws {TypeError} If `folder` is no path.
 * @throws {RangeError} If it is a URL.
 * @throws What the file system throws.
 *
 * @example
 * ```ts
 * import { newLogFolder } from "@clr/clr/command";
 *
 * const logs = await Deno.makeTempDir();
 * console.log(await newLogFolder(logs) === logs); // true
 * await Deno.writeTextFile(`${logs}/events.out.tfevents.1700000000.host`, "");
 * console.log(await newLogFolder(logs) === `${logs}/run-2`); // true
 * ```
 */
export async function newLogFolder(folder: string): Promise<string> {
  checkFolder("log to TensorBoard", folder);
  let path = folder;
  for (let run = 2; await hasRun(path); run++) path = `${folder}/run-${run}`;
  if (path !== folder) {
    tryToTell(
      `${folder} has the logs of another run: this one logs to ${path}.`,
    );
  }
  return path;
}

async function hasRun(folder: string): Promise<boolean> {
  return await hasLogs(folder) || await hasLogs(`${folder}/range`);
}

/** Whether there are event files in a folder, by the part of a name that makes one. */
async function hasLogs(folder: string): Promise<boolean> {
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (name.includes("tfevents")) return true;
    }
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

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
