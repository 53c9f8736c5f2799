/**
 * Deno's notebook kernel shows an object by its method of this name, which
 * returns one presentation by MIME type for each kind of notebook.
 */
const DISPLAY = Symbol.for("Jupyter.display");

/** What an object looks like in a notebook. */
export interface NotebookView {
  /** For notebooks that show text alone. */
  readonly text: string;
  /** A Vega-Lite specification, which the notebook itself draws. */
  readonly chart?: object;
}

/**
 * Makes the instances of `shown` show themselves in Deno notebooks. `view` is
 * asked when one is shown, and not before: what it needs for that alone it
 * imports then.
 */
export function showInNotebooks<T extends object>(
  shown: { readonly prototype: T },
  view: (instance: T) => NotebookView | Promise<NotebookView>,
): void {
  Object.defineProperty(shown.prototype, DISPLAY, {
    async value(this: T) {
      const { text, chart } = await view(this);
      return {
        "text/plain": text,
        ...(chart ? { "application/vnd.vegalite.v5+json": chart } : {}),
      };
    },
  });
}
