import { type Grid, regret } from "./grid.ts";
import type { Bounds, Judged } from "./judge.ts";
import type { SpoiledResult } from "./spoiled.ts";
import type { Group } from "./zoo.ts";

/** What was measured of one problem, optimizer and seed. */
export interface Measured {
  readonly problem: string;
  readonly optimizer: string;
  readonly seed: number;
  readonly group: Group;
  readonly grid: Grid;
  readonly judged: Judged;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.round(share * (sorted.length - 1))];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function share(values: readonly boolean[]): number {
  return mean(values.map(Number));
}

/** Whether two bounds are within a factor of 1.5. */
function near(a: number | undefined, b: number | undefined): boolean {
  return a !== undefined && b !== undefined &&
    // As preferred numbers often are exactly, but for rounding.
    Math.abs(Math.log(a / b)) <= Math.log(1.5) + 1e-9;
}

function bothNear(a: Bounds, b: Bounds): boolean {
  return near(a.baseLr, b.baseLr) && near(a.maxLr, b.maxLr);
}

const percent = (value: number) => `${Math.round(100 * value)} %`;

function regretLine(values: readonly number[]): string {
  const above = (limit: number) =>
    percent(share(values.map((value) => value > limit)));
  return [
    quantile(values, 0.5).toFixed(3),
    mean(values).toFixed(3),
    quantile(values, 0.9).toFixed(3),
    above(0.1),
    above(0.5),
    above(1),
  ].join(" | ");
}

/** The table of regrets by strategy, in Markdown. */
export function regretTable(measured: readonly Measured[]): string {
  const names = [
    ...new Set(measured.flatMap(({ judged }) => Object.keys(judged.reached))),
  ];
  const of = ({ judged, grid }: Measured, name: string) =>
    name in judged.reached ? regret(judged.reached[name], grid) : 1;
  const good = measured.filter(({ judged }) => judged.verdict === "good");
  const rows = names.flatMap((name) => [
    `| ${name} | good | ${regretLine(good.map((one) => of(one, name)))} |`,
    `| | all | ${regretLine(measured.map((one) => of(one, name)))} |`,
  ]);
  return [
    "| strategy | verdict | median | mean | 90th percentile | > 0.1 | > 0.5 | > 1 |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ...rows,
  ].join("\n");
}

/** How often the finder answers, how steady, and at what cost. */
export function steadiness(measured: readonly Measured[]): string {
  const judged = measured.map(({ judged }) => judged);
  const bound = judged.filter(({ maxLr }) => maxLr !== undefined);
  const trained = judged.map(({ cost }) => cost?.trained ?? 0);
  const whole = judged.filter((one) => one.whole.maxLr !== undefined);
  const lines = [
    `"good": ${
      percent(share(judged.map((one) => one.verdict === "good")))
    } of ${judged.length} runs; bounds: ${
      percent(bound.length / judged.length)
    }`,
    `another order of batches: maximum within 1.5 times ${
      percent(share(bound.map((one) => near(one.maxLr, one.again.maxLr))))
    }, minimum ${
      percent(share(bound.map((one) => near(one.baseLr, one.again.baseLr))))
    }`,
    `60 rates in place of 120: both bounds within 1.5 times ${
      percent(share(whole.map((one) => bothNear(one.whole, one.half))))
    }`,
    `batches: median ${quantile(trained, 0.5)}, most ${Math.max(...trained)}`,
  ];
  return lines.map((line) => `- ${line}`).join("\n");
}

/** The table of spoiled problems, in Markdown. */
export function spoiledTable(
  results: { readonly [name: string]: readonly SpoiledResult[] },
): string {
  const rows = Object.entries(results).map(([name, seeds]) => {
    const verdicts = [...new Set(seeds.map(({ verdict }) => verdict))];
    const named = seeds.filter(({ isNamed }) => isNamed).length;
    return `| ${name} | ${verdicts.join(", ")} | ${named} of ${seeds.length} |`;
  });
  return [
    "| spoiled by | verdicts | cause named |",
    "| --- | --- | ---: |",
    ...rows,
  ].join("\n");
}
