import {
  comparableNames,
  frozenLayers,
  weightsInOrder,
} from "../../tfjs/named_weights.ts";
import type { LayerWeight } from "../../tfjs/trained_weights.ts";
import type { LayersModel } from "../../tfjs/types.ts";

/** Which saved weight goes into which weight of a model. */
export interface WeightMatch {
  /** The model's weights, layer by layer. */
  readonly weights: readonly LayerWeight[];
  /** For each of them, its index among the saved ones. */
  readonly from: readonly number[];
}

/** What was saved of the weights. */
export interface SavedWeights {
  readonly names: readonly string[];
  /** The layers that were frozen, where that is known. */
  readonly frozen?: readonly string[];
}

const LISTED = 6;

function list(names: readonly string[]): string {
  const rest = names.length - LISTED;
  return names.slice(0, LISTED).join(", ") +
    (rest > 0 ? ` and ${rest} more` : "");
}

/**
 * Finds each saved weight's place in `model` by its name, wherever it stands:
 * the order changes with the layers that are frozen.
 *
 * @returns What is different, as text, where the names are not the same.
 */
export function matchWeights(
  model: LayersModel,
  saved: SavedWeights,
): WeightMatch | string {
  const weights = weightsInOrder(model);
  const own = comparableNames(weights.map(({ originalName }) => originalName));
  const names = comparableNames(saved.names);
  const places = new Map(names.map((name, i) => [name, i]));
  const lacking = names.filter((name) => !own.includes(name));
  const unknown = own.filter((name) => !places.has(name));
  if (lacking.length === 0 && unknown.length === 0) {
    return { weights, from: own.map((name) => places.get(name)!) };
  }
  return describeDifference(lacking, unknown) + describeFrozen(model, saved);
}

/** What a model lacks of the weights that it had, and what it has besides. */
export function describeDifference(
  lacking: readonly string[],
  unknown: readonly string[],
): string {
  return [
    ...(lacking.length > 0 ? [`it lacks ${list(lacking)}`] : []),
    ...(unknown.length > 0 ? [`it has ${list(unknown)} besides`] : []),
  ].join(" and ");
}

/** Which layers were frozen and are, where that differs; it may be the reason. */
export function describeFrozen(
  model: LayersModel,
  { frozen }: SavedWeights,
): string {
  const now = frozenLayers(model);
  if (frozen === undefined) return "";
  if (frozen.join() === now.join()) return "";
  const say = (layers: readonly string[]) => list(layers) || "none";
  return ` (frozen layers: ${say(frozen)} when it was saved, ${say(now)} now)`;
}
