// @ts-types="npm:@types/cli-progress@^3.11.6"
import { Format, SingleBar } from "cli-progress";
import { stderrStream } from "../../src/command/stderr_stream.ts";
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
  let bar: SingleBar | undefined;
  let current = "";
  return {
    onProgress: ({ file, done, total }) => {
      if (file !== current) {
        bar?.stop();
        current = file;
        bar = new SingleBar({
          stream: stderrStream,
          barsize: 24,
          format: (options, params, payload) => {
            const left = params.total > params.value
              ? `${params.eta} s left`
              : "";
            return `${payload.file} ${
              Format.BarFormat(params.progress, options)
            } ${megabytes(params.value)}/${megabytes(params.total)} MB ${left}`;
          },
          // Nothing of the terminal's is changed that Ctrl-C would leave so.
          hideCursor: false,
          linewrap: true,
        });
        bar.start(total ?? done, done, { file });
      }
      bar?.setTotal(total ?? done);
      bar?.update(done);
    },
    stop: () => bar?.stop(),
  };
}
