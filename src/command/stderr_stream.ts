import { Writable } from "node:stream";

/**
 * Standard error as a Node.js stream that has written when `write` returns.
 * `process.stderr` writes later, so that a progress bar is cleared after, and
 * with, the line that was to take its place.
 */
export const stderrStream: NodeJS.WritableStream = Object.assign(
  new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      for (let written = 0; written < chunk.length;) {
        written += Deno.stderr.writeSync(chunk.subarray(written));
      }
      done();
    },
  }),
  {
    isTTY: Deno.stderr.isTerminal(),
    get columns(): number {
      return Deno.stderr.isTerminal() ? Deno.consoleSize().columns : 80;
    },
  },
);
