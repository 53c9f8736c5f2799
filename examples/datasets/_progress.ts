import { ProgressBar } from "@clr/clr/command";
import type { OnProgress } from "./_download.ts";

/** How a download's progress is shown, and how that ends. */
export interface ProgressReport {
  /** To be called as bytes arrive. */
  readonly onProgress: OnProgress;
  /** Ends what is shown. */
  stop(): void;
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

/** A bar on a terminal, otherwise one line for each tenth that arrived. */
export function reportProgress(
  log: (line: string) => void,
  isTerminal: boolean = Deno.stderr.isTerminal(),
): ProgressReport {
  return isTerminal ? barReport() : lineReport(log);
}

function lineReport(log: (line: string) => void): ProgressReport {
  let current = "";
  let tenths = 0;
  return {
    onProgress: ({ file, done, total }) => {
      const now = total ? Math.floor(10 * done / total) : 0;
      if (file === current && now <= tenths) return;
      current = file;
      tenths = now;
      log(
        total
          ? `${file}: ${megabytes(done)} of ${megabytes(total)} MB`
          : `${file}: downloading`,
      );
    },
    stop: () => {},
  };
}

function barReport(): ProgressReport {
  let bar: ProgressBar | undefined;
  let current = "";
  let started = 0;
  let first = 0;
  return {
    onProgress: ({ file, done, total = done }) => {
      const elapsed = performance.now() - started;
      const seconds = elapsed / (done - first) * (total - done) / 1000;
      const texts = {
        file,
        done: megabytes(done),
        all: megabytes(total),
        left: file === current && seconds > 0 && seconds < Infinity
          ? `${Math.ceil(seconds)} s left`
          : "",
      };
      if (file === current) {
        bar?.update(done, texts, total);
        return;
      }
      bar?.stop();
      current = file;
      started = performance.now();
      first = done;
      const format = "{file} {bar} {done}/{all} MB {left}";
      const options = { format, total, value: done, width: 24 };
      bar = new ProgressBar(options, texts);
    },
    stop: () => bar?.stop(),
  };
}
