import {
  aFunction,
  checkData,
  number,
  optional,
  record,
  text as isText,
} from "../runtime/check_data.ts";
import { wrap as wrapped } from "../runtime/wrap.ts";

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
  measure?: (line: string) => number,
): string[] {
  checkData("wrap text", { text, width, measure }, GIVEN);
  return wrapped(text, width, measure);
}
