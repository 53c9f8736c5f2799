import {
  findLearningRate,
  type FindLearningRateOptions,
  type LearningRateRange,
  type Remedy,
} from "@clr/clr";
import { cyclic } from "@clr/clr/schedules";
import { keysOf } from "../../../src/runtime/records.ts";
import { type Grid, regret } from "./grid.ts";
import { type Bounds, boundsOf } from "./judge.ts";
import type { Laboratory } from "./train.ts";

/** What the finder says of a problem, and what following it leads to. */
export interface Followed {
  readonly before: Bounds & { readonly finding: string };
  /** What was advised first, where the verdict is not good. */
  readonly remedy?: Remedy;
  /** What the finder says then; absent where only a person can follow it. */
  readonly after?: Bounds & { readonly finding: string };
  /**
   * Validation loss of triangular training between the bounds, before and after,
   * where there are some; null where it is not finite.
   */
  readonly reached: {
    readonly before?: number | null;
    readonly after?: number | null;
  };
}

/** By how much a batch is enlarged, as `batchesPerRate` is. */
const LARGER = 4;

/** The options that a remedy comes to; none where it is for a person. */
export function optionsOf(
  remedy: Remedy,
  { batchSize }: { readonly batchSize: number },
): FindLearningRateOptions | undefined {
  switch (remedy.kind) {
    case "set-option":
      return { [remedy.option]: remedy.to };
    case "enlarge-batch":
      return { batchSize: LARGER * batchSize };
    case "read-metric":
      return { metric: remedy.metric };
    default:
      return undefined;
  }
}

function said(range: LearningRateRange): Bounds & { readonly finding: string } {
  return { ...boundsOf(range), finding: range.finding.kind };
}

/** What was followed in each of the ways of testing. */
export type FollowedWays = { readonly [Way in keyof typeof WAYS]: Followed };

/** How a person tests: the rates are the test's own choice, or theirs. */
const WAYS = {
  "rates of its choice": {},
  "60 rates": { iterations: 60 },
} as const satisfies { readonly [way: string]: FindLearningRateOptions };

/** Follows the advice in each of the ways of testing. */
export async function followAdvice(
  laboratory: Laboratory,
  options: { readonly seed: number; readonly steps: number },
): Promise<FollowedWays> {
  const followed: { [way: string]: Followed } = {};
  for (const [way, own] of Object.entries(WAYS)) {
    followed[way] = await follow(laboratory, { ...options, own });
  }
  return followed as FollowedWays;
}

/** Runs the finder and, where it is not good, again as it advises. */
async function follow(
  laboratory: Laboratory,
  options: {
    readonly seed: number;
    readonly steps: number;
    readonly own: FindLearningRateOptions;
  },
): Promise<Followed> {
  const { instance } = laboratory;
  const { batchSize } = instance;
  const { seed, steps, own } = options;
  const find = (advised: FindLearningRateOptions) =>
    findLearningRate(instance.trainee, instance.train, {
      batchSize,
      seed,
      ...own,
      ...advised,
    });
  const train = async ({ baseLr, maxLr }: LearningRateRange) => {
    if (baseLr === undefined || maxLr === undefined) return undefined;
    const schedule = cyclic({ baseLr, maxLr, stepSize: Math.round(steps / 4) });
    const { loss } = await laboratory.train(schedule, { steps });
    return Number.isFinite(loss) ? loss : null;
  };
  const range = await find({});
  const before = said(range);
  if (range.verdict === "good") return { before, reached: {} };
  const [remedy] = range.remedies;
  const advised = optionsOf(remedy, { batchSize });
  const again = advised && await find(advised);
  const reached = {
    before: await train(range),
    after: again && await train(again),
  };
  return { before, remedy, ...(again && { after: said(again) }), reached };
}

/** What a problem's advice led to, and its grid where the verdict was not good. */
export interface FollowedRun {
  readonly name: string;
  readonly followed: FollowedWays;
  readonly grid?: Grid;
}

function wordRemedy(remedy: Remedy): string {
  return remedy.kind === "set-option"
    ? `${remedy.option}: ${remedy.from} → ${remedy.to}`
    : remedy.kind;
}

/** How often the first remedy helps, and each run in which one was given. */
export function adviceTable(runs: readonly FollowedRun[]): string {
  return keysOf(WAYS).map((way) =>
    `### ${way}\n\n${
      tableOf(
        runs.map(({ followed, ...run }) => ({
          ...run,
          followed: followed[way],
        })),
      )
    }`
  ).join("\n\n");
}

function tableOf(
  runs: readonly (Omit<FollowedRun, "followed"> & {
    readonly followed: Followed;
  })[],
): string {
  const others = runs.filter(({ followed }) => followed.remedy !== undefined);
  const tested = others.filter(({ followed }) => followed.after !== undefined);
  const good = tested.filter(({ followed }) =>
    followed.after!.verdict === "good"
  );
  const share = (loss: number | null | undefined, grid: Grid | undefined) =>
    loss === undefined || grid === undefined
      ? "–"
      : regret(loss, grid).toFixed(3);
  return [
    `${others.length} of ${runs.length} runs are not "good". In ${tested.length} of these a program can follow the first remedy, and ${good.length} then are.`,
    [
      "| run | verdict | first remedy | then | regret before | and after |",
      "| --- | --- | --- | --- | ---: | ---: |",
      ...others.map(({ name, followed, grid }) => {
        const { before, after, remedy, reached } = followed;
        return `| ${name} | ${before.verdict} | ${wordRemedy(remedy!)} | ${
          after?.verdict ?? "–"
        } | ${share(reached.before, grid)} | ${share(reached.after, grid)} |`;
      }),
    ].join("\n"),
  ].join("\n\n");
}
