import * as tf from "@tensorflow/tfjs";
import { getLearningRate } from "../../tfjs/learning_rate.ts";
import type {
  ConcreteOptimizer,
  Gradients,
  OptimizerConfig,
} from "../../tfjs/optimizer_bases.ts";
import { alignSlotsToGradients } from "../../tfjs/slots.ts";
import type { Optimizer } from "../../tfjs/types.ts";
import { namePattern } from "./_name_pattern.ts";
import { show } from "../../runtime/check_data.ts";
import { isRecord } from "../../runtime/records.ts";
import { shortNumber } from "../../runtime/short_number.ts";

/** Options of decoupled weight decay, shared by its optimizers. */
export interface WeightDecayOptions {
  /**
   * The decay λ: each step first multiplies a weight by 1 − rate · λ.
   *
   * @default {0.01}
   */
  weightDecay?: number;
  /**
   * Names of variables that do not decay, in which `*` stands for any text:
   * `["*bias", "*gamma", "*beta"]` leaves out the biases and what normalization
   * layers learn, as is usual for deep networks. The number that tfjs appends
   * where a program has had a weight of that name before is no matter:
   * `"dense/bias_1"` is a `"*bias"`, too.
   *
   * @default {[]}
   */
  exclude?: readonly string[];
}

/** A hyperparameter of an optimizer under its name, such as `{ momentum }`. */
type Hyperparameters = { readonly [name: string]: number };

/** Throws unless each is finite and >= 0, as a rate is. */
export function checkNotNegative(action: string, given: Hyperparameters): void {
  check(action, given, {
    must: "finite and >= 0",
    holds: (value) => Number.isFinite(value) && value >= 0,
  });
}

/** Throws unless each is a share of the past that fades. */
export function checkShare(action: string, given: Hyperparameters): void {
  check(action, given, {
    must: ">= 0 and < 1",
    holds: (value) => value >= 0 && value < 1,
  });
}

function check(
  action: string,
  given: Hyperparameters,
  { must, holds }: {
    readonly must: string;
    readonly holds: (value: number) => boolean;
  },
): void {
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === "number" && holds(value)) continue;
    throw new RangeError(
      `Cannot ${action} as ${name} must be ${must}: current value is ${
        show(value)
      }`,
    );
  }
}

/**
 * What an optimizer keeps of its options: λ, and a list of its own.
 *
 * @throws {RangeError} Unless λ is finite and not negative.
 * @throws {TypeError} Unless `exclude` is a list of names.
 */
export function weightDecayOf(
  { weightDecay = 0.01, exclude = [] }: WeightDecayOptions,
): Required<WeightDecayOptions> {
  checkNotNegative("decay weights", { weightDecay });
  if (
    !Array.isArray(exclude) ||
    !exclude.every((pattern) => typeof pattern === "string")
  ) {
    throw new TypeError(
      `Cannot decay weights as exclude must be an array of names: current value is ${
        show(exclude)
      }`,
    );
  }
  return { weightDecay, exclude: [...exclude] };
}

/** Its settings and how far it is, in a line. */
export function describeOptimizer(optimizer: ConcreteOptimizer): string {
  const settings = Object.entries(optimizer.getConfig()).map(
    ([name, value]) =>
      `${name} ${
        typeof value === "number"
          ? shortNumber(value)
          : show(name === "exclude" ? namesOf(value) : value)
      }`,
  );
  return `${optimizer.getClassName()} (${
    settings.join(", ")
  }), ${optimizer.iterations} steps taken`;
}

/** An optimizer that decays weights apart from the gradient. */
type Decaying = Optimizer & Required<WeightDecayOptions>;

/**
 * What comes before the step of the optimizer that is extended: the decay, and
 * each slot in the place where that step looks for it.
 */
export function prepareStep(optimizer: Decaying, gradients: Gradients): void {
  decayWeights(optimizer, gradients);
  alignSlotsToGradients(optimizer, gradients);
}

/**
 * What tfjs saves, with the decay. It writes texts in snake case, and reads them
 * in camel case, but what is called `name`.
 */
export function configWithDecay(
  config: OptimizerConfig,
  { weightDecay, exclude }: Required<WeightDecayOptions>,
): OptimizerConfig {
  const named = exclude.map((name) => ({ name }));
  return { ...config, weightDecay, exclude: named };
}

/** The names that a configuration excludes, which may be by themselves. */
function namesOf(exclude: unknown): unknown {
  if (!Array.isArray(exclude)) return exclude;
  return exclude.map((named) => isRecord(named) ? named.name : named);
}

/**
 * The optimizer that {@linkcode configWithDecay} describes; what else tfjs or
 * Keras put into a configuration is passed over, as tfjs's own optimizers do.
 *
 * @param names The options that the optimizer has.
 */
export function fromConfigWithDecay<T, Options extends WeightDecayOptions>(
  cls: new (learningRate: number, options: Options) => T,
  config: Options & { learningRate: number },
  names: readonly string[],
): T {
  const given = new Map<string, unknown>(Object.entries(config))
    .set("exclude", namesOf(config.exclude));
  const options: unknown = Object.fromEntries(
    names.map((name) => [name, given.get(name)]),
  );
  return new cls(config.learningRate, options as Options);
}

/** The end of a weight's name that tfjs appends to one that it has had before. */
const AGAIN = /^(.*\/[^/]*)_\d+$/;

/** What was decided of the names that steps came by, for each list of patterns. */
const DECISIONS = new WeakMap<readonly string[], Map<string, boolean>>();

/** Whether one of the patterns matches the name of a variable. */
function isExcluded(name: string, patterns: readonly string[]): boolean {
  let decisions = DECISIONS.get(patterns);
  if (decisions === undefined) DECISIONS.set(patterns, decisions = new Map());
  let decision = decisions.get(name);
  if (decision === undefined) {
    const names = [name, name.replace(AGAIN, "$1")];
    decision = patterns.map(namePattern)
      .some((pattern) => names.some((name) => pattern.test(name)));
    decisions.set(name, decision);
  }
  return decision;
}

/**
 * Multiplies by 1 − rate · λ each variable that has a gradient and whose name no
 * pattern of `exclude` matches.
 */
function decayWeights(
  optimizer: Decaying,
  gradients: Gradients,
): void {
  const factor = 1 - getLearningRate(optimizer) * optimizer.weightDecay;
  if (factor === 1) return;
  const named = Array.isArray(gradients)
    ? gradients.map(({ name, tensor }) => [name, tensor] as const)
    : Object.entries(gradients);
  for (const [name, gradient] of named) {
    // A variable that does not take part in the loss is left alone.
    if (gradient == null) continue;
    if (isExcluded(name, optimizer.exclude)) continue;
    const variable = tf.engine().registeredVariables[name];
    tf.tidy(() => variable.assign(variable.mul(factor)));
  }
}
