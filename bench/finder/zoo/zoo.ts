import type { OptimizerName, Problem } from "./problem.ts";
import { CLASSIFICATION } from "./problems/classification.ts";
import { IMAGES } from "./problems/images.ts";
import { REGRESSION } from "./problems/regression.ts";
import { LOSSES as FRESH_LOSSES } from "./problems/fresh/losses.ts";
import { NETWORKS as FRESH_NETWORKS } from "./problems/fresh/networks.ts";
import { SEQUENCES as FRESH_SEQUENCES } from "./problems/fresh/sequences.ts";
import { TABLES as FRESH_TABLES } from "./problems/fresh/tables.ts";
import { IMAGES as SECOND_IMAGES } from "./problems/second_fresh/images.ts";
import { LIKENESS as SECOND_LIKENESS } from "./problems/second_fresh/likeness.ts";
import { NETWORKS as SECOND_NETWORKS } from "./problems/second_fresh/networks.ts";
import { SEQUENCES as SECOND_SEQUENCES } from "./problems/second_fresh/sequences.ts";
import { TABLES as SECOND_TABLES } from "./problems/second_fresh/tables.ts";
import { SEQUENCES } from "./problems/sequences.ts";
import { UNSUPERVISED } from "./problems/unsupervised.ts";
import { IMAGES as UNSEEN_IMAGES } from "./problems/unseen/images.ts";
import { LOOPS as UNSEEN_LOOPS } from "./problems/unseen/loops.ts";
import { NETWORKS as UNSEEN_NETWORKS } from "./problems/unseen/networks.ts";
import { SEQUENCES as UNSEEN_SEQUENCES } from "./problems/unseen/sequences.ts";
import { TABLES as UNSEEN_TABLES } from "./problems/unseen/tables.ts";

/**
 * The finder's constants are chosen on one half of the problems and judged on
 * the other; the form of its rule was chosen with both in sight. The problems
 * unseen were written after that, and first run with the rule as it was then;
 * the rule was then chosen with them in sight too. The fresh ones were written
 * after that, by someone who had not seen it, and run with the rule as it was;
 * it was mended in sight of them. The second fresh ones were written after that
 * in the same way.
 */
export const GROUPS = [
  "second fresh",
  "fresh",
  "unseen",
  "held out",
  "chosen on",
] as const;

/** A group of problems. */
export type Group = typeof GROUPS[number];

/** A problem with one of its optimizers. */
export interface Entry {
  readonly problem: Problem;
  readonly optimizer: OptimizerName;
  /** Both entries of a problem are in the same group. */
  readonly group: Group;
}

const PROBLEMS = [
  ...REGRESSION,
  ...CLASSIFICATION,
  ...IMAGES,
  ...SEQUENCES,
  ...UNSUPERVISED,
];

const UNSEEN = [
  ...UNSEEN_TABLES,
  ...UNSEEN_NETWORKS,
  ...UNSEEN_IMAGES,
  ...UNSEEN_SEQUENCES,
  ...UNSEEN_LOOPS,
];

const FRESH = [
  ...FRESH_TABLES,
  ...FRESH_LOSSES,
  ...FRESH_NETWORKS,
  ...FRESH_SEQUENCES,
];

const SECOND_FRESH = [
  ...SECOND_TABLES,
  ...SECOND_LIKENESS,
  ...SECOND_NETWORKS,
  ...SECOND_IMAGES,
  ...SECOND_SEQUENCES,
];

function entriesOf(problem: Problem, group: Group): Entry[] {
  return problem.optimizers.map((optimizer) => ({ problem, optimizer, group }));
}

/** Every problem with each of its optimizers. */
export const ZOO: readonly Entry[] = [
  ...PROBLEMS.flatMap((problem, i) =>
    entriesOf(problem, i % 2 === 0 ? "chosen on" : "held out")
  ),
  ...UNSEEN.flatMap((problem) => entriesOf(problem, "unseen")),
  ...FRESH.flatMap((problem) => entriesOf(problem, "fresh")),
  ...SECOND_FRESH.flatMap((problem) => entriesOf(problem, "second fresh")),
];
