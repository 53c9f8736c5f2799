/** Averages of weights in a checkpoint: exponential ones, and snapshots. */

import * as tf from "@tensorflow/tfjs";
import {
  type Check,
  count,
  listOf,
  optional,
  record,
} from "../runtime/check_data.ts";
import { columnsWith, copyColumn, readColumn } from "../runtime/columns.ts";
import type { LayerWeight } from "../tfjs/trained_weights.ts";
import type { Tensor, Variable } from "../tfjs/types.ts";
import type { NamedTensor } from "./_safetensors.ts";
import type { CheckpointSubject } from "./checkpoint_content.ts";
import {
  restoreSnapshots,
  type Snapshot,
  snapshotsOf,
} from "./cycle_snapshots.ts";
import { averagesOf, restoreAverages } from "./exponential_moving_average.ts";

/** What a checkpoint says of averages; their values are among its tensors. */
export interface AveragesContent {
  /** Of an exponential moving average. */
  readonly averages?: {
    /** Steps averaged. */
    readonly updates: number;
    /** The weights that are averaged, by their index. */
    readonly of: readonly number[];
  };
  /** Of snapshots, the oldest first. */
  readonly snapshots?: {
    /** A row for each: its score, NaN for none. */
    readonly taken: { readonly score: readonly number[] };
    /** How many are kept as the last ones; one before them is the best. */
    readonly last: number;
    /** Which is the best, where one has a score. */
    readonly best?: number;
  };
}

/** What {@linkcode AveragesContent} must be. */
export const AVERAGES_CHECKS: Readonly<Record<string, Check>> = {
  averages: optional(record({ updates: count, of: listOf(count) })),
  snapshots: optional(
    record({
      taken: columnsWith("score"),
      last: count,
      best: optional(count),
    }),
  ),
};

const SAVE = "save a checkpoint";

function averageKey(index: number, name: string): string {
  return `average/${index}/${name}`;
}

function snapshotKey(snapshot: number, index: number, name: string): string {
  return `snapshot/${snapshot}/${index}/${name}`;
}

/** Adds the averages of `subject` to `tensors`, and gives what else there is. */
export function collectAverages(
  { model, averages, snapshots }: CheckpointSubject,
  weights: readonly LayerWeight[],
  tensors: Map<string, Tensor>,
): AveragesContent {
  return {
    ...(averages && {
      averages: collectAverage(averagesOf(averages, SAVE), weights, tensors),
    }),
    ...(snapshots && {
      snapshots: collectSnapshots(
        snapshotsOf(snapshots, model, SAVE),
        weights,
        tensors,
      ),
    }),
  };
}

function collectAverage(
  { updates, values }: {
    readonly updates: number;
    readonly values: ReadonlyMap<Variable, Tensor>;
  },
  weights: readonly LayerWeight[],
  tensors: Map<string, Tensor>,
): NonNullable<AveragesContent["averages"]> {
  const variables = weights.map((weight) => weight.read());
  const of = [...values].map(([variable, average]) => {
    const index = variables.indexOf(variable);
    if (index < 0) {
      throw new TypeError(
        `Cannot ${SAVE} as its averages must be of the model's weights: current value is of ${variable.name} besides`,
      );
    }
    tensors.set(averageKey(index, weights[index].originalName), average);
    return index;
  });
  return { updates, of };
}

function collectSnapshots(
  { last, best }: {
    readonly last: readonly Snapshot[];
    readonly best?: Snapshot;
  },
  weights: readonly LayerWeight[],
  tensors: Map<string, Tensor>,
): NonNullable<AveragesContent["snapshots"]> {
  const isApart = best !== undefined && !last.includes(best);
  const taken = isApart ? [best, ...last] : [...last];
  taken.forEach((snapshot, k) => {
    weights.forEach((weight, i) => {
      const value = snapshot.weights.get(weight);
      if (value) tensors.set(snapshotKey(k, i, weight.originalName), value);
    });
  });
  return {
    taken: { score: copyColumn(taken.map(({ score = NaN }) => score)) },
    last: last.length,
    ...(best && { best: taken.indexOf(best) }),
  };
}

/** A checkpoint, as far as averages go. */
export interface SavedAverages extends AveragesContent {
  /** The names of the weights. */
  readonly weights: readonly string[];
  readonly tensors: ReadonlyMap<string, NamedTensor>;
}

/** What of the averages' tensors is not there; nothing where all are. */
export function lackingAverage(
  { averages, snapshots, weights, tensors }: SavedAverages,
): string | undefined {
  const keys = (averages?.of ?? []).map((i) => averageKey(i, weights[i]));
  for (let k = 0; k < (snapshots?.taken.score.length ?? 0); k++) {
    keys.push(...weights.map((name, i) => snapshotKey(k, i, name)));
  }
  return keys.find((key) => !tensors.has(key));
}

/** Where each of a model's weights is among the saved ones. */
interface Places {
  readonly weights: readonly LayerWeight[];
  readonly from: readonly number[];
}

/** What gives the averages back, once it is known that they fit. */
export type RestoreAverages = (tensor: (name: string) => Tensor) => void;

/**
 * How to give `subject` its averages back.
 *
 * @returns What they lack, as text, where they do not fit.
 */
export function averagesFor(
  { model, averages, snapshots }: CheckpointSubject,
  saved: SavedAverages,
  { weights, from }: Places,
): RestoreAverages | string {
  const action = "restore a checkpoint";
  const restores: RestoreAverages[] = [];
  const names = saved.weights;
  if (averages) {
    const content = saved.averages;
    if (!content) return "it must hold averages: it was saved without";
    const variables = weights.map((weight) => weight.read());
    const keys = new Map<Variable, string>();
    for (const variable of averagesOf(averages, action).values.keys()) {
      const index = from[variables.indexOf(variable)];
      if (index === undefined || !content.of.includes(index)) {
        return `its averages must be of the same weights: it has none of ${variable.name}`;
      }
      keys.set(variable, averageKey(index, names[index]));
    }
    restores.push((tensor) =>
      restoreAverages(
        averages,
        content.updates,
        (variable) => tensor(keys.get(variable)!),
      )
    );
  }
  if (snapshots) {
    const content = saved.snapshots;
    if (!content) return "it must hold snapshots: it was saved without";
    snapshotsOf(snapshots, model, action);
    const scores = readColumn(content.taken.score);
    restores.push((tensor) => {
      const taken = scores.map((score, k): Snapshot => ({
        score: Number.isNaN(score) ? undefined : score,
        weights: new Map(weights.map((weight, i) => [
          weight,
          tf.keep(tensor(snapshotKey(k, from[i], names[from[i]]))),
        ])),
      }));
      restoreSnapshots(snapshots, {
        last: taken.slice(taken.length - content.last),
        best: content.best === undefined ? undefined : taken[content.best],
      });
    });
  }
  return (tensor) => restores.forEach((restore) => restore(tensor));
}
