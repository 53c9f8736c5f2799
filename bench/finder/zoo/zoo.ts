import type { OptimizerName, Problem } from "./problem.ts";
import { CLASSIFICATION } from "./problems/classification.ts";
import { IMAGES } from "./problems/images.ts";
import { REGRESSION } from "./problems/regression.ts";
import { SEQUENCES } from "./problems/sequences.ts";
import { UNSUPERVISED } from "./problems/unsupervised.ts";

/** A problem with one of its optimizers. */
export interface Entry {
  readonly problem: Problem;
  readonly optimizer: OptimizerName;
  /**
   * The finder's constants are chosen on one half of the problems and judged on
   * the other. Both entries of a problem are in the same half.
   */
  readonly half: "chosen on" | "held out";
}

const PROBLEMS = [
  ...REGRESSION,
  ...CLASSIFICATION,
  ...IMAGES,
  ...SEQUENCES,
  ...UNSUPERVISED,
];

/** Every problem with each of its optimizers. */
export const ZOO: readonly Entry[] = PROBLEMS.flatMap((problem, i) =>
  problem.optimizers.map((optimizer) => ({
    problem,
    optimizer,
    half: i % 2 === 0 ? "chosen on" as const : "held out" as const,
  }))
);
