/** The parameters of each `fit` that has a `Checkpointer`, once that has begun. */
const SAVED = new WeakSet<object>();

/**
 * Notes that a `fit` is saved by a callback that begins now.
 *
 * @param params Undefined where a loop of one's own calls the hooks.
 */
export function noteSaver(params: object | undefined): void {
  if (params) SAVED.add(params);
}

/**
 * Throws if what saves the `fit` of these parameters stands before a callback that
 * sets what is saved: a checkpoint would lack what it did last.
 *
 * @param what What the callback is called in the words of the error.
 */
export function checkComesBeforeSaver(params: object, what: string): void {
  // The callbacks of a fit share its parameters, and begin in their order.
  if (!SAVED.has(params)) return;
  throw new TypeError(
    `Cannot save checkpoints as what sets the rate or another number must come before what saves it: pass callbacks: [scheduler, ${what}, checkpointer]`,
  );
}
