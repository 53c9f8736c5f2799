/** What the range test of a seed found, and what it cost. */
export interface Found {
  readonly kind: "found";
  readonly problem: string;
  readonly seed: number;
  readonly baseLr: number | null;
  readonly maxLr: number | null;
  readonly verdict: string;
  /** The commit of the library whose rule read the bounds. */
  readonly commit: string;
  /** Batches trained on. */
  readonly trained: number;
  /** Batches whose loss was computed without training. */
  readonly evaluated: number;
  readonly seconds: number;
}

/** What a training of a seed reached. */
export interface Trained {
  readonly kind: "trained";
  readonly problem: string;
  readonly seed: number;
  /** The plan's name, or "grid" for a fixed rate of the search. */
  readonly plan: string;
  /** The rate of the grid. */
  readonly lr?: number;
  readonly iterations: number;
  readonly accuracy: number;
  readonly diverged: boolean;
  readonly seconds: number;
}

/** One line of the results. */
export type GridRecord = Found | Trained;

/** What tells a record from every other. */
export function keyOf(
  record: Pick<GridRecord, "kind" | "problem" | "seed"> & {
    readonly plan?: string;
    readonly lr?: number;
  },
): string {
  const { kind, problem, seed, plan, lr } = record;
  return [kind, problem, seed, plan, lr].join("/");
}

/** The records of a file of lines of JSON, none where it is not there yet. */
export async function readRecords(path: string): Promise<GridRecord[]> {
  try {
    const text = await Deno.readTextFile(path);
    // A process that was killed may have left half a line.
    return text.slice(0, text.lastIndexOf("\n") + 1).trim().split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Takes away all but the search, which no change of the range test touches. */
export async function keepSearch(path: string): Promise<void> {
  const records = (await readRecords(path)).filter((record) =>
    record.kind === "trained" && record.plan === "grid"
  );
  await Deno.writeTextFile(
    path,
    records.map((record) => `${JSON.stringify(record)}\n`).join(""),
  );
}

/**
 * Takes away the line that a killed process left half, which the next one would
 * be appended to.
 */
export async function dropHalfLine(path: string): Promise<void> {
  try {
    const bytes = await Deno.readFile(path);
    await Deno.truncate(path, bytes.lastIndexOf(0x0a) + 1);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
