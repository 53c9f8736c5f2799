import { findLearningRate, type LearningRateRange } from "@clr/clr";
import { mean } from "../../../src/metrics/mean.ts";
import { median } from "../../../src/metrics/median.ts";
import type { Instance } from "./problem.ts";

/** What the finder says of a problem with one order of its batches. */
export type OneOrder = Pick<
  LearningRateRange,
  "verdict" | "baseLr" | "maxLr" | "intervals" | "cost"
>;

/** The finder on the same weights, with so many orders of batches. */
export async function findInOrders(
  { trainee, train, batchSize }: Instance,
  orders: number,
): Promise<OneOrder[]> {
  const found: OneOrder[] = [];
  for (let seed = 1; seed <= orders; seed++) {
    const { verdict, baseLr, maxLr, intervals, cost } = await findLearningRate(
      trainee,
      train,
      { batchSize, seed },
    );
    found.push({
      verdict,
      ...(baseLr === undefined ? {} : { baseLr }),
      ...(maxLr === undefined ? {} : { maxLr }),
      ...(intervals && { intervals }),
      ...(cost && { cost }),
    });
  }
  return found;
}

type Bound = "baseLr" | "maxLr";

/** The share of intervals that hold the median of the others' bounds. */
function coverage(found: readonly OneOrder[], bound: Bound): number {
  const bounded = found.filter((one) => one.intervals);
  return mean(bounded.map((one) => {
    const others = bounded.filter((other) => other !== one)
      .map((other) => Math.log(other[bound]!));
    const [least, greatest] = one.intervals![bound];
    const middle = Math.exp(median(others));
    return middle >= least && middle <= greatest ? 1 : 0;
  }));
}

/** The standard deviation of a bound, in decades. */
function deviation(found: readonly OneOrder[], bound: Bound): number {
  const decades = found.flatMap((one) =>
    one[bound] === undefined ? [] : [Math.log10(one[bound])]
  );
  const middle = mean(decades);
  return Math.sqrt(mean(decades.map((decade) => (decade - middle) ** 2)));
}

/** The table of how the bounds depend on the order of batches, in Markdown. */
export function ordersTable(
  results: { readonly [problem: string]: readonly OneOrder[] },
): string {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const rows = Object.entries(results).map(([problem, found]) => {
    const good = found.filter(({ verdict }) => verdict === "good");
    const batches = found.map(({ cost }) => cost!.trained);
    return [
      problem,
      `${good.length} of ${found.length}`,
      ...(["baseLr", "maxLr"] as const).flatMap((bound) => [
        deviation(found, bound).toFixed(2),
        percent(coverage(found, bound)),
      ]),
      median(batches),
      Math.max(...batches),
    ];
  });
  const all = Object.values(results);
  const whole = (bound: Bound) =>
    percent(mean(all.map((found) => coverage(found, bound))));
  return [
    "| problem | good | minimum: decades | interval holds | maximum: decades | interval holds | batches | most |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ...rows.map((row) => `| ${row.join(" | ")} |`),
    `| all | | | ${whole("baseLr")} | | ${whole("maxLr")} | | |`,
  ].join("\n");
}
