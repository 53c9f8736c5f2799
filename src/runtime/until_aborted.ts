/**
 * How long what is under way when the signal is aborted may still take, in
 * milliseconds: a batch that comes in that time is taken for one that came, and
 * its source is closed in good order.
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
 * The same values; they end where the next one does not come although the signal
 * is aborted. Whoever reads them asks the signal which end it was.
 */
export async function* untilAborted<T>(
  values: AsyncGenerator<T>,
  { signal, dispose }: {
    readonly signal: AbortSignal | undefined;
    /** Frees one that comes too late. */
    readonly dispose: (value: T) => void;
  },
): AsyncGenerator<T> {
  let next: Promise<IteratorResult<T>> | undefined;
  try {
    while (true) {
      next = values.next();
      const result = await unlessAborted(next, signal);
      if (result === undefined) return;
      next = undefined;
      if (result.done) return;
      yield result.value;
    }
  } finally {
    // A generator ends when it has given what it was asked for: nobody waits for
    // that where it may take for ever.
    if (next === undefined) await values.return(undefined);
    else {
      next.then(({ value, done }) => done || dispose(value)).catch(() => {});
      values.return(undefined).catch(() => {});
    }
  }
}
