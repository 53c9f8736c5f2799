/** An exponential moving average of weights in a checkpoint. */

import {
  type Check,
  count,
  listOf,
  optional,
  record,
} from "../../runtime/check_data.ts";
import type { LayerWeight } from "../../tfjs/trained_weights.ts";
import type { Tensor, Variable } from "../../tfjs/types.ts";
import type { CheckpointSubject } from "./checkpoint_content.ts";
import {
  averagesOf,
  restoreAverages,
} from "../weights/exponential_moving_average.ts";

/** What a checkpoint says of averages; their values are among its tensors. */
export interface AveragesContent {
  /** Steps averaged. */
  readonly updates: number;
  /** The weights that are averaged, by their index. */
  readonly of: readonly number[];
}

/** What {@linkcode AveragesContent} must be, where it is there. */
export const averagesCheck: Check = optional(
  record({ updates: count, of: listOf(count) }),
);

/** The name of an average among a checkpoint's tensors. */
export function averageKey(index: number, name: string): string {
  return `average/${index}/${name}`;
}

/** Adds the averages of `subject` to `tensors`, and gives what else there is. */
export function collectAverages(
  { averages }: CheckpointSubject,
  weights: readonly LayerWeight[],
  tensors: Map<string, Tensor>,
): AveragesContent | undefined {
  if (!averages) return undefined;
  const action = "save a checkpoint";
  const { updates, values } = averagesOf(averages, action);
  const variables = weights.map((weight) => weight.read());
  const of = [...values].map(([variable, average]) => {
    const index = variables.indexOf(variable);
    if (index < 0) {
      throw new TypeError(
        `Cannot ${action} as its averages must be of the model's weights: current value is of ${variable.name} besides`,
      );
    }
    tensors.set(averageKey(index, weights[index].originalName), average);
    return index;
  });
  return { updates, of };
}

/** A model's weights, and where each is among those that were saved. */
export interface SavedPlaces {
  readonly weights: readonly LayerWeight[];
  /** For each of them, its index among the saved ones. */
  readonly from: readonly number[];
  /** The names that were saved. */
  readonly names: readonly string[];
  /** The folder of the checkpoints. */
  readonly folder: string;
}

/** What gives averages back, once it is known that they fit. */
export type RestoreAverages = (tensor: (name: string) => Tensor) => void;

/** How to give `subject` its averages back; as text, what they lack. */
export function averagesFor(
  { averages }: CheckpointSubject,
  content: AveragesContent | undefined,
  { weights, from, names }: SavedPlaces,
): RestoreAverages | string {
  if (!averages) return () => {};
  if (!content) return "it must hold averages: it was saved without";
  const variables = weights.map((weight) => weight.read());
  const keys = new Map<Variable, string>();
  for (
    const variable of averagesOf(averages, "restore a checkpoint").values.keys()
  ) {
    const index = from[variables.indexOf(variable)];
    if (index === undefined || !content.of.includes(index)) {
      return `its averages must be of the same weights: it has none of ${variable.name}`;
    }
    keys.set(variable, averageKey(index, names[index]));
  }
  return (tensor) =>
    restoreAverages(
      averages,
      content.updates,
      (variable) => tensor(keys.get(variable)!),
    );
}
