/** Folders of a test's own, gone when it is done. */

/** Calls `body` with a folder that is gone afterwards. */
export async function withFolder(
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * A folder that all tests of a file share: `make` fills it when the first of them
 * asks, and it is gone when the last is done.
 */
export function sharedFolder(
  make: (folder: string) => Promise<void>,
): () => Promise<string> {
  const folder = Deno.makeTempDirSync();
  Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));
  let made: Promise<string> | undefined;
  return () => made ??= make(folder).then(() => folder);
}

/** A folder that is gone when it is disposed of, by `await using`. */
export async function tempDir(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir();
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** What is in a folder, but for what is hidden. */
export function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => !name.startsWith(".")).sort();
}
