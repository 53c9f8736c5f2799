import { Writable } from "node:stream";
import { columnsOf, tryToWrite } from "./tell.ts";
// @ts-types="npm:@types/cli-progress@^3.11.6"
import { SingleBar } from "cli-progress";
import {
  checkData,
  count,
  flag,
  mapOf,
  optional,
  record,
  text,
  textOrNumber,
  that,
} from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    format: 0,
    total: 0,
    value: 0,
    width: 0,
    clears: 0,
  } satisfies Record<keyof ProgressBarOptions, 0>,
);

/** Options of {@linkcode ProgressBar}. */
export interface ProgressBarOptions {
  /**
   * What stands on the line: `{bar}`, `{value}`, `{total}`, and what `update` is
   * given by its name.
   */
  readonly format: string;
  /** The value where the bar is full. */
  readonly total: number;
  /** Where it starts. @default {0} */
  readonly value?: number;
  /** The characters of the bar. @default {10} */
  readonly width?: number;
  /** Whether nothing is left of it when it ends. @default {false} */
  readonly clears?: boolean;
}

const ACTION = "show a progress bar";
const amount = that(
  "be a finite number >= 0",
  (value) => Number.isFinite(value) && value as number >= 0,
);
const OPTIONS = record({
  format: text,
  total: amount,
  value: optional(amount),
  width: optional(count),
  clears: optional(flag),
});
const TEXTS = record({ texts: mapOf(textOrNumber) });
const POSITION = record({ value: amount, total: amount });

/** Texts for the names in a bar's format. */
export type ProgressBarTexts = { readonly [name: string]: string | number };

/**
 * A bar on the terminal that standard error is. It changes nothing of the
 * terminal that Ctrl-C would leave so, and has written when its methods return.
 * Where standard error is no terminal it shows nothing.
 *
 * @example
 * ```ts
 * import { ProgressBar } from "@clr/clr/command";
 *
 * const bar = new ProgressBar({
 *   format: "{bar} {value}/{total}  loss {loss}",
 *   total: 100,
 * }, { loss: "" });
 * for (let batch = 1; batch <= 100; batch++) bar.update(batch, { loss: "0.31" });
 * bar.stop();
 * ```
 */
export class ProgressBar {
  readonly #bar: SingleBar;

  /** Draws the bar, with `texts` for the names in its format. */
  constructor(options: ProgressBarOptions, texts: ProgressBarTexts) {
    checkNames(ACTION, options, NAMES);
    checkData(ACTION, options, OPTIONS);
    checkData(ACTION, { texts }, TEXTS);
    const { format, total, value = 0, width = 10, clears = false } = options;
    this.#bar = new SingleBar({
      stream: standardError,
      format,
      barsize: width,
      barCompleteChar: "━",
      barIncompleteChar: "─",
      hideCursor: false,
      linewrap: true,
      clearOnComplete: clears,
      stopOnComplete: false,
      gracefulExit: false,
    });
    this.#bar.start(total, value, texts);
  }

  /** Moves the bar, to another total if one is given. */
  update(
    value: number,
    texts: ProgressBarTexts = {},
    total: number = this.#bar.getTotal(),
  ): void {
    checkData(ACTION, { value, total }, POSITION);
    checkData(ACTION, { texts }, TEXTS);
    this.#bar.setTotal(total);
    this.#bar.update(value, texts);
  }

  /** Ends the bar, or takes it away if it `clears`. */
  stop(): void {
    this.#bar.stop();
  }
}

/**
 * Standard error as a Node.js stream that has written when `write` returns.
 * `process.stderr` writes later, so that a progress bar is cleared after, and
 * with, the line that was to take its place.
 */
const standardError: NodeJS.WritableStream = Object.assign(
  new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      tryToWrite(chunk);
      done();
    },
  }),
  {
    isTTY: Deno.stderr.isTerminal(),
    get columns(): number {
      return columnsOf(Deno.stderr);
    },
  },
);
