/** Takes what is to be disposed of at the end of the scope, and gives it back. */
export type Own = <Resource extends Disposable | undefined>(
  resource: Resource,
) => Resource;

function disposeAll(owned: (Disposable | undefined)[]): void {
  const last = owned.pop();
  try {
    last?.[Symbol.dispose]();
  } finally {
    if (owned.length > 0) disposeAll(owned);
  }
}

/**
 * Runs `body`; what it owns is disposed of at its end, the last first, however it
 * ends. Where it returns a promise, that is when the promise is settled.
 *
 * What `using` does, which Node 22 and some browsers cannot read.
 */
export function scoped<Result>(body: (own: Own) => Result): Result {
  const owned: (Disposable | undefined)[] = [];
  let isSettled = true;
  try {
    const result = body((resource) => {
      owned.push(resource);
      return resource;
    });
    if (result instanceof Promise) {
      isSettled = false;
      return result.finally(() => disposeAll(owned)) as Result;
    }
    return result;
  } finally {
    if (isSettled) disposeAll(owned);
  }
}
