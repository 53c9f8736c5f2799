/**
 * The slots of tfjs's optimizers, which it keeps by the place of each weight
 * among those of a step. Where other weights are trained than before, as after
 * a layer is unfrozen, that place is another's: tfjs then throws over the shapes
 * or, where they are equal, gives one weight the moments of another.
 */

import * as tf from "@tensorflow/tfjs";
import { disposeWithin, isHolder } from "./holder.ts";
import type { Gradients } from "./optimizer_bases.ts";
import {
  type LayerWeight,
  trainedWeights,
  variableOf,
} from "./trained_weights.ts";
import type { LayersModel, Optimizer } from "./types.ts";

/** A slot as tfjs keeps it. */
interface Slot {
  /** The weight's name, a slash, and what the optimizer calls the slot. */
  readonly originalName: string;
  readonly variable: tf.Variable;
}

type SlotList = (Slot | null | undefined)[];

/** The name of the weight that a slot is of. */
const owners = new WeakMap<Slot, string>();

/** Lists whose slots were all made for the weights that their names say. */
const named = new WeakSet<SlotList>();

function isSlot(item: unknown): item is Slot {
  return isHolder(item) && item.variable instanceof tf.Variable;
}

function slotLists(optimizer: Optimizer): SlotList[] {
  return Object.values(optimizer).filter((value) =>
    Array.isArray(value) && value.every((item) => item == null || isSlot(item))
  );
}

function ownerOf(slot: Slot): string {
  const { originalName } = slot;
  return owners.get(slot) ??
    originalName.slice(0, originalName.lastIndexOf("/"));
}

/**
 * A list of slots that `setWeights` made may have the names that the weights had
 * in another process or another copy of the model. One that is as long as the
 * weights and names others was saved in their order.
 */
function saysOwners(list: SlotList, names: readonly string[]): boolean {
  return named.has(list) || list.length !== names.length ||
    list.every((slot) => !slot || names.includes(ownerOf(slot)));
}

function align(list: SlotList, names: readonly string[]): void {
  if (!saysOwners(list, names)) {
    list.forEach((slot, i) => slot && owners.set(slot, names[i]));
  }
  named.add(list);
  let isInPlace = true;
  list.forEach((slot, i) => {
    if (!slot) return;
    const owner = ownerOf(slot);
    owners.set(slot, owner);
    if (i < names.length && owner !== names[i]) isInPlace = false;
    if (i >= names.length && names.includes(owner)) isInPlace = false;
  });
  if (isInPlace) return;
  const left = new Map(
    list.flatMap((slot) => slot ? [[ownerOf(slot), slot] as const] : []),
  );
  const inOrder = names.map((name) => {
    const slot = left.get(name);
    left.delete(name);
    return slot;
  });
  const { registeredVariables } = tf.engine();
  const frozen = [...left].flatMap(([name, slot]) => {
    if (name in registeredVariables) return [slot];
    disposeWithin(slot);
    return [];
  });
  list.splice(0, list.length, ...inOrder, ...frozen);
}

/**
 * Puts each slot of `optimizer` where the next step looks for that of its
 * weight. A weight that had none starts as in a first step; those of weights
 * that are not trained now stay behind the others, until they are again.
 *
 * @param names The names of the variables of the step, in its order.
 */
export function alignSlots(
  optimizer: Optimizer,
  names: readonly string[],
): void {
  for (const list of slotLists(optimizer)) align(list, names);
}

/** {@linkcode alignSlots} for a step with these gradients. */
export function alignSlotsToGradients(
  optimizer: Optimizer,
  gradients: Gradients,
): void {
  const names = Array.isArray(gradients)
    ? gradients.map(({ name }) => name)
    : Object.keys(gradients);
  alignSlots(optimizer, names);
}

function trainedNames(model: LayersModel): string[] {
  return trainedWeights(model).map((weight) => variableOf(weight).name);
}

/** {@linkcode alignSlots} for the steps that `fit` takes on a compiled model. */
export function alignSlotsToModel(model: LayersModel): void {
  alignSlots(model.optimizer, trainedNames(model));
}

/**
 * The weights that the slots of a model's optimizer are of, in their order: those
 * that are trained, and behind them those that were before they were frozen.
 */
export function weightsOfSlots(model: LayersModel): readonly LayerWeight[] {
  alignSlotsToModel(model);
  const weights = [...trainedWeights(model)];
  const named = new Map(
    model.weights.map((weight) => [variableOf(weight).name, weight]),
  );
  const lists = slotLists(model.optimizer);
  for (;;) {
    const owners = new Set(
      lists.flatMap((list) => {
        const slot = list[weights.length];
        return slot ? [ownerOf(slot)] : [];
      }),
    );
    const [owner] = owners;
    const weight = owners.size === 1 ? named.get(owner) : undefined;
    // None, or one of another model that has the same optimizer.
    if (weight === undefined) return weights;
    weights.push(weight);
  }
}

/**
 * Says that the slots of a model's optimizer are of these weights, in their
 * order, whatever the slots' names say.
 */
export function claimSlots(
  model: LayersModel,
  weights: readonly LayerWeight[],
): void {
  const names = weights.map((weight) => variableOf(weight).name);
  for (const list of slotLists(model.optimizer)) {
    named.add(list);
    list.forEach((slot, i) => {
      if (slot && i < names.length) owners.set(slot, names[i]);
    });
  }
}
