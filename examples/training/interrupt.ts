/**
 * Turns Ctrl-C into an `AbortSignal`, so that a run can end cleanly at its next
 * batch. A second Ctrl-C ends the process at once.
 */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #onSignal = () => {
    if (this.signal.aborted) Deno.exit(130);
    // A progress bar may stand on the line.
    const clear = Deno.stderr.isTerminal() ? "\r\x1b[K" : "";
    console.error(
      `${clear}Stopping after this batch; Ctrl-C again to quit at once.`,
    );
    this.#controller.abort();
  };

  /** Starts listening. */
  constructor() {
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
