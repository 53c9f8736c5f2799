/**
 * Breaks text at spaces into lines of at most `width`, as `measure` has it:
 * characters where none is given. A word that is longer has a line of its own.
 * Pages have its text in their script, so that it stands on nothing else.
 */
export function wrap(
  text: string,
  width: number,
  measure: (line: string) => number = (line) => line.length,
): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && measure(longer) <= width) {
      lines[lines.length - 1] = longer;
    } else lines.push(word);
  }
  return lines;
}
