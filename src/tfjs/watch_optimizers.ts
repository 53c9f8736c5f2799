import * as tf from "@tensorflow/tfjs";
import type { Optimizer } from "./types.ts";

/** What is told of every optimizer there is. */
export interface OptimizerWatcher {
  /** It is about to compute gradients: it is still as it was. */
  computes(optimizer: Optimizer): void;
  /** It took a step. */
  stepped(optimizer: Optimizer): void;
}

/** The methods of all of tfjs's optimizers that a step goes through. */
interface StepMethods {
  computeGradients(...args: unknown[]): unknown;
  incrementIterations(): void;
}

const watchers = new Set<OptimizerWatcher>();

/** Puts the methods back that are watched. */
let unwatch: (() => void) | undefined;

function watch(): () => void {
  const methods = tf.Optimizer.prototype as unknown as StepMethods;
  const { computeGradients, incrementIterations } = methods;
  methods.computeGradients = function (...args) {
    for (const { computes } of watchers) {
      computes(this as unknown as Optimizer);
    }
    return computeGradients.apply(this, args);
  };
  methods.incrementIterations = function () {
    incrementIterations.call(this);
    for (const { stepped } of watchers) stepped(this as unknown as Optimizer);
  };
  return () =>
    Object.assign(methods, { computeGradients, incrementIterations });
}

/** Tells a watcher what optimizers do, until the result is disposed. */
export function watchOptimizers(watcher: OptimizerWatcher): Disposable {
  watchers.add(watcher);
  unwatch ??= watch();
  return {
    [Symbol.dispose]() {
      watchers.delete(watcher);
      if (watchers.size > 0) return;
      unwatch?.();
      unwatch = undefined;
    },
  };
}
