/** Runs cases of the fuzzing, beside the thread that waits for them. */

import { TARGETS } from "./_fuzz_targets.ts";
import { type FuzzFailure, runCase } from "./_run_case.ts";

/** What the worker tells. */
export type Told =
  | {
    readonly type: "progress";
    readonly target: string;
    readonly cases: number;
  }
  | { readonly type: "failure"; readonly failure: FuzzFailure }
  | { readonly type: "ready" | "done" };

/** What it is asked to do. */
export interface FuzzWork {
  readonly seed: number;
  readonly first: number;
  readonly seconds: number;
  readonly target?: string;
  readonly case?: number;
}

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<FuzzWork>) => void) | null;
  postMessage(told: Told): void;
};

/** Cases in a row of a target that costs 1. */
const AT_ONCE = 400;

async function work(wanted: FuzzWork): Promise<void> {
  const { seed } = wanted;
  const folder = await Deno.makeTempDir({ prefix: "clr-fuzz-" });
  const end = performance.now() + 1000 * wanted.seconds;
  const next = new Map<string, number>();
  const run = async (target: typeof TARGETS[0], index: number) => {
    const failure = await runCase(target, { seed, index, folder });
    if (failure) scope.postMessage({ type: "failure", failure });
  };
  const targets = TARGETS.filter(({ name }) =>
    wanted.target === undefined || name === wanted.target
  );
  try {
    if (wanted.case !== undefined) {
      for (const target of targets) await run(target, wanted.case);
    }
    while (wanted.case === undefined && performance.now() < end) {
      for (const target of targets) {
        const from = next.get(target.name) ?? wanted.first;
        const to = from + Math.ceil(AT_ONCE / target.cost);
        for (let index = from; index < to; index++) await run(target, index);
        next.set(target.name, to);
        const cases = to - wanted.first;
        scope.postMessage({ type: "progress", target: target.name, cases });
        // Timers and messages have their turn.
        await new Promise((resolve) => setTimeout(resolve));
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  scope.postMessage({ type: "done" });
}

scope.onmessage = ({ data }) => void work(data);
// What is sent before this module has been loaded is lost.
scope.postMessage({ type: "ready" });
