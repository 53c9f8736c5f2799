import { disposeBatch } from "./_tensor_tree.ts";

/**
 * How long what is under way when the signal is aborted may still take, in
 * milliseconds: a batch that comes in that time is disposed, and its source closed,
 * before the test returns.
 */
const GRACE = 500;

/**
 * What `promise` gives; undefined where it gives nothing although the signal was
 * aborted a while ago.
 */
export async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  if (signal === undefined) return await promise;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const { promise: tooLate, resolve } = Promise.withResolvers<undefined>();
  const start = () => {
    timer = setTimeout(() => resolve(undefined), GRACE);
  };
  if (signal.aborted) start();
  else signal.addEventListener("abort", start);
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", start);
  }
}

/**
 * The same batches; they end where the next one does not come although the
 * signal is aborted. Whoever reads them asks the signal which end it was.
 */
export async function* untilAborted(
  batches: AsyncGenerator<unknown>,
  signal: AbortSignal | undefined,
): AsyncGenerator<unknown> {
  let next: Promise<IteratorResult<unknown>> | undefined;
  try {
    while (true) {
      next = batches.next();
      const result = await unlessAborted(next, signal);
      if (result === undefined) return;
      next = undefined;
      if (result.done) return;
      yield result.value;
    }
  } finally {
    // A generator ends when it has given what it was asked for: nobody waits for
    // that where it may take for ever.
    if (next === undefined) await batches.return(undefined);
    else {
      next.then(({ value }) => disposeBatch(value)).catch(() => {});
      batches.return(undefined).catch(() => {});
    }
  }
}
