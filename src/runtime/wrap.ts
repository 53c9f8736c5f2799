import {
  aFunction,
  checkData,
  number,
  optional,
  record,
  text as isText,
} from "./check_data.ts";

const GIVEN = record({
  text: isText,
  width: number,
  measure: optional(aFunction),
});

/**
 * Breaks text at spaces into lines of at most `width`, as `measure` has it:
 * characters where none is given. A word that is longer has a line of its own.
 *
 * @param text Words with single spaces between them.
 * @param width The most that a line measures: columns of a terminal, say.
 * @param measure What a line measures. @default {its length in characters}
 * @returns The lines, one at least.
 * @throws {TypeError} If one of them is of another kind.
 *
 * @example
 * ```ts
 * import { wrap } from "@clr/clr/command";
 *
 * console.log(wrap("the loss is lost again by 4.5", 12));
 * // [ "the loss is", "lost again", "by 4.5" ]
 * ```
 */
export function wrap(
  text: string,
  width: number,
  measure: (line: string) => number = (line) => line.length,
): string[] {
  checkData("wrap text", { text, width, measure }, GIVEN);
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && measure(longer) <= width) {
      lines[lines.length - 1] = longer;
    } else lines.push(word);
  }
  return lines;
}
