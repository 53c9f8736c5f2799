import {
  type Interval,
  showDifference,
  signOf,
} from "../../../examples/paper/intervals.ts";
import { meanAndSpread } from "../../../examples/paper/report.ts";
import type { Judged, Outcome } from "./compare.ts";
import type { Found } from "./record.ts";

function rate(value: number | null): string {
  return value === null ? "none" : String(Number(value.toPrecision(2)));
}

function table(
  head: readonly string[],
  lines: readonly (readonly (string | number)[])[],
): string {
  return [head, head.map(() => "---"), ...lines]
    .map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function showFound({ baseLr, maxLr, verdict }: Found): string {
  return `${rate(baseLr)}–${rate(maxLr)} (${verdict})`;
}

/** How far behind in points still counts as level. */
const MARGIN = 1;

/** What an interval says of a plan: that it matches the best rate is a claim too. */
export function verdictOf(difference: Interval): string {
  const sign = signOf(difference);
  if (sign === "above") return "better";
  if (sign === "below") return "worse";
  return difference.low >= -MARGIN ? "level" : "cannot be said";
}

/** A plan's line; where the range test gave no bounds there was none to train. */
function planLine(
  { name, bySeed, difference, cost, share }: Judged,
  seeds: readonly number[],
): (string | number)[] {
  return [
    bySeed.size === seeds.length
      ? name
      : `${name} (${bySeed.size} of ${seeds.length} seeds)`,
    meanAndSpread([...bySeed.values()]),
    showDifference(difference),
    verdictOf(difference),
    Math.round(cost),
    `${(100 * share).toFixed(0)} %`,
  ];
}

/** What a problem came to, as Markdown. */
export function outcomeMarkdown(outcome: Outcome): string {
  const { problem, seeds, found, grid, best, searchCost } = outcome;
  return [
    `## ${problem.name}`,
    `${problem.text}; ${problem.optimizer}, batches of ${problem.batchSize}, ` +
    `${problem.iterations} iterations, seeds ${seeds.join(", ")}. ` +
    `The range test found ${
      found.map(showFound).join(", ")
    }; its rule is that of ${
      [...new Set(found.map(({ commit }) => commit))].join(", ")
    }.`,
    table(
      ["fixed rate, step decay", ...grid.map(({ lr }) => String(lr))],
      [[
        "test accuracy %",
        ...grid.map(({ bySeed }) => meanAndSpread([...bySeed.values()])),
      ]],
    ),
    table(
      [
        "plan",
        "test accuracy %",
        `points against the best rate, ${best.lr}`,
        "that is",
        "cost in iterations",
        "of the search",
      ],
      [
        [
          `the search, ${grid.length} rates`,
          meanAndSpread([...best.bySeed.values()]),
          "",
          "",
          searchCost,
          "100 %",
        ],
        planLine(outcome.usual, seeds),
        ...outcome.plans.map((plan) => planLine(plan, seeds)),
      ],
    ),
  ].join("\n\n");
}

/** All problems, with what the figures mean. */
export function gridMarkdown(
  outcomes: readonly Outcome[],
  { origin, picture }: { readonly origin: string; readonly picture: string },
): string {
  return `# One range test and a schedule, against a search for the best fixed rate

${origin}. Of a seed all begin with the same weights and see the same batches;
differences are paired by seed, with their 95 % interval (Student's t). The best
rate is the one with the highest mean on the very test images that are reported,
which favours the search. Each rate of the search drops by ten at half and at
three quarters of the way. A cost is in training steps, of which a batch that is
evaluated alone counts as a third. "Level" is what lies within no more than a
point below the best rate, "cannot be said" what may be better or worse by more.
"Shortened" trains for 40 % of the iterations.

![${picture}](differences.svg)

${outcomes.map(outcomeMarkdown).join("\n\n")}
`;
}
