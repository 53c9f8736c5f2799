import { aFunction, checkData, record, text } from "../runtime/check_data.ts";
import { scoped } from "../runtime/scoped.ts";
import { tryToTell } from "./tell.ts";
import { keysOf } from "../runtime/records.ts";

/** Whatever asks a program to end, with the exit status that stands for it. */
const SIGNALS: { readonly [Name in Deno.Signal]?: number } =
  Deno.build.os === "windows"
    ? { SIGINT: 130, SIGBREAK: 149 }
    : { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

let stoppedBy: Deno.Signal | undefined;

/**
 * The exit status of a program that was stopped: 128 and the number of the signal
 * that did it, such as 143 for SIGTERM; 130, Ctrl-C's, where there was none.
 *
 * @example A program of one's own that ends as it was asked to
 * ```ts
 * import { Interrupt, stoppedStatus } from "@clr/clr/command";
 *
 * using interrupt = new Interrupt();
 * // … train, and save what there is when the signal comes; then:
 * if (interrupt.signal.aborted) Deno.exitCode = stoppedStatus();
 * ```
 */
export function stoppedStatus(): number {
  return SIGNALS[stoppedBy ?? "SIGINT"]!;
}

/** Whether a signal asked the program to end. */
export function isStopped(): boolean {
  return stoppedBy !== undefined;
}

/**
 * Turns whatever asks the program to end into an `AbortSignal`, so that a run can
 * end cleanly at its next batch: Ctrl-C (SIGINT), a stopped container, `timeout`
 * or `kill` (SIGTERM), a closed terminal or a dropped connection (SIGHUP). A
 * second one ends the process at once.
 *
 * @example
 * ```ts
 * import { Interrupt } from "@clr/clr/command";
 *
 * using interrupt = new Interrupt("after this epoch");
 * console.log(interrupt.signal.aborted); // false
 * ```
 */
export class Interrupt implements Disposable {
  readonly #what: string;
  readonly #controller = new AbortController();
  readonly #listeners: readonly (readonly [Deno.Signal, () => void])[];

  /**
   * Starts listening.
   *
   * @param what Said to be stopped: "Stopping after this batch; …".
   */
  constructor(what = "after this batch") {
    checkData("listen for Ctrl-C", { what }, record({ what: text }));
    this.#what = what;
    this.#listeners = keysOf(SIGNALS).map((name) => [
      name,
      () => this.#stop(name),
    ]);
    for (const [name, listener] of this.#listeners) {
      Deno.addSignalListener(name, listener);
    }
  }

  /** Aborted by the first such signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Gives the signals their usual meaning back. */
  [Symbol.dispose](): void {
    for (const [name, listener] of this.#listeners) {
      Deno.removeSignalListener(name, listener);
    }
  }

  #stop(name: Deno.Signal): void {
    stoppedBy ??= name;
    if (this.signal.aborted) Deno.exit(stoppedStatus());
    tryToTell(
      `Stopping ${this.#what}; ${
        name === "SIGINT" ? "Ctrl-C" : name
      } again to quit at once.`,
    );
    this.#controller.abort();
  }
}

/**
 * Loads a data set, which Ctrl-C and its like end cleanly: what has been
 * downloaded is kept.
 *
 * @param load Loads it, and rejects when the signal is aborted.
 * @returns What `load` gives.
 * @throws {DOMException} An `AbortError` when it was stopped, which
 * {@linkcode runCommand} takes for the end that was asked for.
 * @throws {TypeError} If `load` is no function.
 *
 * @example
 * ```ts
 * import { loadInterruptibly } from "@clr/clr/command";
 *
 * const text = await loadInterruptibly(async (signal) => {
 *   const response = await fetch("data:,1%2C2%2C3", { signal });
 *   return await response.text();
 * });
 * console.log(text); // 1,2,3
 * ```
 */
export async function loadInterruptibly<Dataset>(
  load: (signal: AbortSignal) => Promise<Dataset>,
): Promise<Dataset> {
  checkData("load a data set", { load }, record({ load: aFunction }));
  return await scoped(async (own) => {
    const interrupt = own(new Interrupt("the download"));
    const dataset = await load(interrupt.signal);
    interrupt.signal.throwIfAborted();
    return dataset;
  });
}
