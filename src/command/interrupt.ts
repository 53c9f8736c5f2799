/**
 * Turns Ctrl-C into an `AbortSignal`, so that a run can end cleanly at its next
 * batch. A second Ctrl-C ends the process at once.
 */
export class Interrupt implements Disposable {
  readonly #what: string;
  readonly #controller = new AbortController();
  readonly #onSignal = () => {
    if (this.signal.aborted) Deno.exit(130);
    // A progress bar may stand on the line.
    const clear = Deno.stderr.isTerminal() ? "\r\x1b[K" : "";
    console.error(
      `${clear}Stopping ${this.#what}; Ctrl-C again to quit at once.`,
    );
    this.#controller.abort();
  };

  /** Starts listening. `what` is said to be stopped. */
  constructor(what = "after this batch") {
    this.#what = what;
    Deno.addSignalListener("SIGINT", this.#onSignal);
  }

  /** Aborted by the first Ctrl-C. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Gives Ctrl-C its usual meaning back. */
  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGINT", this.#onSignal);
  }
}

/**
 * Loads a data set, which Ctrl-C ends cleanly: what has been downloaded is kept.
 *
 * @throws {DOMException} An `AbortError` when it was stopped.
 */
export async function loadInterruptibly<Dataset>(
  load: (signal: AbortSignal) => Promise<Dataset>,
): Promise<Dataset> {
  using interrupt = new Interrupt("the download");
  const dataset = await load(interrupt.signal);
  interrupt.signal.throwIfAborted();
  return dataset;
}
