/** Random cases of every operation on the current backend. */

import fc from "fast-check";
import { check } from "./_check.ts";
import type { Case, Operation } from "./_operation.ts";

/** What became of an operation's cases. */
export interface Outcome {
  readonly name: string;
  /** How many cases ran, those of shrinking apart. */
  readonly cases: number;
  /** The smallest case that went wrong, and how. */
  readonly wrong?: { readonly given: Case; readonly how: string };
}

/** Runs `cases` cases of an operation, and shrinks the first that goes wrong. */
export function fuzz(
  operation: Operation,
  options: { readonly seed: number; readonly cases: number },
): Outcome {
  const { name } = operation;
  const { seed, cases } = options;
  const property = fc.property(operation.cases, (given) => {
    const how = check(operation, given);
    if (how !== undefined) throw new Error(how);
  });
  const details = fc.check(property, { seed, numRuns: cases });
  if (!details.failed) return { name, cases: details.numRuns };
  const [given] = details.counterexample!;
  return {
    name,
    cases: details.numRuns,
    wrong: {
      given,
      how: check(operation, given) ?? "it is right when repeated",
    },
  };
}
