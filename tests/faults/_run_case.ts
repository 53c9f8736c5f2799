import { type FuzzTarget, isMeant } from "./_fuzz_targets.ts";
import { seededRandom } from "./_mutate.ts";

/** A case that went wrong: its error was not meant for a person. */
export interface FuzzFailure {
  readonly target: string;
  readonly seed: number;
  readonly index: number;
  readonly error: string;
}

/** The seed of a case, which a run of it alone has too. */
function seedOf(seed: number, name: string, index: number): number {
  let hash = seed;
  for (const character of `${name} ${index}`) {
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  }
  return hash;
}

/** Runs case `index` of a target; gives what went wrong, if anything. */
export async function runCase(
  target: FuzzTarget,
  { seed, index, folder }: {
    readonly seed: number;
    readonly index: number;
    readonly folder: string;
  },
): Promise<FuzzFailure | undefined> {
  const own = `${folder}/${index}`;
  const random = seededRandom(seedOf(seed, target.name, index));
  const needsFolder = target.run.length > 1;
  if (needsFolder) await Deno.mkdir(own, { recursive: true });
  try {
    await target.run(random, own);
  } catch (error) {
    if (isMeant(error)) return undefined;
    return {
      target: target.name,
      seed,
      index,
      error: (error as Error)?.stack ?? String(error),
    };
  } finally {
    if (needsFolder) await Deno.remove(own, { recursive: true });
  }
}
