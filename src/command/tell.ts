/**
 * Writes to standard error where somebody may read it. A terminal that was closed
 * and a disk that is full are no reason to end what goes on.
 */
export function tryToWrite(bytes: Uint8Array): void {
  try {
    for (let written = 0; written < bytes.length;) {
      written += Deno.stderr.writeSync(bytes.subarray(written));
    }
  } catch {
    // There is nobody to be told.
  }
}

/** What is no terminal, or none any more, is written to in lines of so many. */
const USUAL_COLUMNS = 80;

/** The columns of the terminal that a stream is. */
export function columnsOf(stream: { isTerminal(): boolean }): number {
  try {
    // A terminal may say 0, as one without a window does.
    return stream.isTerminal() && Deno.consoleSize().columns || USUAL_COLUMNS;
  } catch {
    // The terminal was closed.
    return USUAL_COLUMNS;
  }
}

/** {@linkcode tryToWrite} of a line, in place of a bar that may stand there. */
export function tryToTell(line: string): void {
  const clear = Deno.stderr.isTerminal() ? "\r\x1b[K" : "";
  tryToWrite(new TextEncoder().encode(`${clear}${line}\n`));
}
