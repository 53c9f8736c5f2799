/** What a scope can own. */
type Resource = Disposable | AsyncDisposable | undefined;

/** Takes what is to be disposed of at the end of the scope, and gives it back. */
export type Own = <Owned extends Resource>(resource: Owned) => Owned;

function disposeAll(owned: Resource[]): void {
  const last = owned.pop();
  try {
    (last as Disposable | undefined)?.[Symbol.dispose]();
  } finally {
    if (owned.length > 0) disposeAll(owned);
  }
}

async function disposeAllLater(owned: Resource[]): Promise<void> {
  const last = owned.pop();
  try {
    if (last && Symbol.asyncDispose in last) await last[Symbol.asyncDispose]();
    else last?.[Symbol.dispose]();
  } finally {
    if (owned.length > 0) await disposeAllLater(owned);
  }
}

/**
 * Runs `body`; what it owns is disposed of at its end, the last first, however it
 * ends. Where it returns a promise, that is when the promise is settled, and what
 * it owns may take its time.
 *
 * What `using` does, which Node 22 and some browsers cannot read.
 */
export function scoped<Result>(body: (own: Own) => Result): Result {
  const owned: Resource[] = [];
  let isSettled = true;
  try {
    const result = body((resource) => {
      owned.push(resource);
      return resource;
    });
    if (result instanceof Promise) {
      isSettled = false;
      return result.finally(() => disposeAllLater(owned)) as Result;
    }
    return result;
  } finally {
    if (isSettled) disposeAll(owned);
  }
}
