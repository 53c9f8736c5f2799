/** Holds what a network learns on one backend against another. */

import { type BackendName, selectBackend } from "@clr/clr/backends";
import type { NetworkPlan } from "./_plan.ts";
import { train, type Trained } from "./_train.ts";

/** A backend, and with how many threads. */
export type Place = readonly [backend: BackendName, threads?: number];

/** How far two may lie apart after ten steps, beside what they are. */
const FAR = 2e-3;

/** How much a network's own weights are moved to see what that makes of it. */
const NUDGE = 2 ** -19;

function difference(
  is: Trained,
  must: Trained,
  far = FAR,
): string | undefined {
  const isFar = (a: number, b: number) => {
    if (Number.isNaN(a) || Number.isNaN(b)) {
      return Number.isNaN(a) !== Number.isNaN(b);
    }
    return a !== b && !(Math.abs(a - b) <= far * (1 + Math.abs(b)));
  };
  const step = must.losses.findIndex((loss, i) => isFar(is.losses[i], loss));
  if (step >= 0) {
    return `the loss of step ${step} is ${is.losses[step]}, not ${
      must.losses[step]
    }`;
  }
  for (const [i, weight] of must.weights.entries()) {
    const at = weight.findIndex((value, k) => isFar(is.weights[i][k], value));
    if (at >= 0) {
      return `${must.names[i]} is ${is.weights[i][at]} at ${at}, not ${
        weight[at]
      }`;
    }
  }
  if (is.left !== must.left) return `it leaves ${is.left} tensors behind`;
}

async function trainOn(
  [backend, threads]: Place,
  plan: NetworkPlan,
  nudge?: number,
): Promise<Trained | Error> {
  await selectBackend({ backend, ...threads && { threads } });
  try {
    return await train(plan, nudge);
  } catch (error) {
    return error as Error;
  }
}

/**
 * Whether training makes something else of weights that are another in their last
 * digits: what another backend rounds in another way is then no fault of it.
 */
async function isUnstable(plan: NetworkPlan, must: Trained): Promise<boolean> {
  const nudged = await trainOn(["cpu"], plan, NUDGE);
  return nudged instanceof Error ||
    difference(nudged, must, FAR / 4) !== undefined;
}

/** What the first place that learns something other than `cpu` learns. */
export async function compare(
  plan: NetworkPlan,
  places: readonly Place[],
): Promise<string | undefined> {
  const must = await trainOn(["cpu"], plan);
  for (const place of places) {
    const is = await trainOn(place, plan);
    const on = place.join(", ");
    if (must instanceof Error || is instanceof Error) {
      const how = is instanceof Error ? is.message : "it trains";
      const wanted = must instanceof Error ? must.message : "it trains";
      // Refused alike is right alike, whatever the words.
      if (must instanceof Error && is instanceof Error) continue;
      return `${on}: ${how}; on cpu: ${wanted}`;
    }
    const wrong = difference(is, must);
    if (wrong && !await isUnstable(plan, must)) return `${on}: ${wrong}`;
  }
  if (must instanceof Error) {
    // tfjs says by name which ranks a layer does not know.
    return /not (implemented|supported)/.test(must.message)
      ? undefined
      : `every backend refuses it: ${must.message}`;
  }
  if (must.left !== 0) return `cpu leaves ${must.left} tensors behind`;
}
