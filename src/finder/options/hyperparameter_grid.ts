import { show } from "../../runtime/check_data.ts";
import { checkNames } from "../../runtime/check_names.ts";
import { getMomentum, setMomentum } from "../../tfjs/momentum.ts";
import type { Optimizer } from "../../tfjs/types.ts";

/**
 * Values of the optimizer's other hyperparameters, a curve for each; of both
 * together, one for each pair.
 */
export interface HyperparameterGrid {
  /**
   * Values of `weightDecay`, which `AdamW` and `SGDW` of `@clr/clr/training`
   * have: finite and >= 0.
   *
   * @default {undefined}
   */
  readonly weightDecay?: readonly number[];
  /**
   * Values of the momentum, in [0, 1): of Momentum, `SGDW` and RMSProp their own,
   * of Adam, `AdamW` and Adamax beta1.
   *
   * @default {undefined}
   */
  readonly momentum?: readonly number[];
}

/** A value of each hyperparameter of a grid. */
export interface Hyperparameters {
  /** The weight decay, where it is one of them. */
  readonly weightDecay?: number;
  /** The momentum, where it is one of them. */
  readonly momentum?: number;
}

/** The name of a hyperparameter. */
export type HyperparameterName = keyof HyperparameterGrid;

const ACTION = "test a grid of hyperparameters";

/** In the order in which points are told and drawn. */
const NAMES = Object.keys(
  { weightDecay: 0, momentum: 0 } satisfies Record<HyperparameterName, 0>,
) as readonly HyperparameterName[];

/** What a value must be. */
const MUST: {
  readonly [Name in HyperparameterName]: readonly [
    words: string,
    holds: (value: number) => boolean,
  ];
} = {
  weightDecay: ["finite and >= 0", (value) => value >= 0 && value < Infinity],
  momentum: [">= 0 and < 1", (value) => value >= 0 && value < 1],
};

/** An optimizer that decays weights apart from the gradient. */
interface Decaying {
  weightDecay: number;
}

function decaying(optimizer: Optimizer): Decaying {
  const fields = optimizer as unknown as Partial<Decaying>;
  if (typeof fields.weightDecay === "number") return fields as Decaying;
  const name = optimizer.getClassName?.() ?? "one without";
  throw new TypeError(
    `Cannot ${ACTION} as the optimizer must have a weightDecay, as AdamW and SGDW of @clr/clr/training do: current value is ${name}; a kernel regularizer is a part of the loss, and none of the optimizer`,
  );
}

/**
 * Throws unless a grid has values that the optimizer can take.
 *
 * @throws {TypeError} If the optimizer has no such hyperparameter, or the grid
 * none at all.
 * @throws {RangeError} If a value is out of range, or there twice.
 */
export function checkGrid(
  grid: HyperparameterGrid,
  optimizer: Optimizer,
): void {
  checkNames(ACTION, grid, NAMES);
  const given = namesIn(grid);
  if (given.length === 0) {
    throw new TypeError(
      `Cannot ${ACTION} as grid must have values of ${
        NAMES.join(" or ")
      }: current value has none`,
    );
  }
  for (const name of given) {
    const values: unknown = grid[name];
    const [words, holds] = MUST[name];
    if (
      !Array.isArray(values) || values.length === 0 ||
      !values.every((value) => typeof value === "number" && holds(value)) ||
      new Set(values).size < values.length
    ) {
      throw new RangeError(
        `Cannot ${ACTION} as ${name} must be an array of different numbers, each ${words}: current value is ${
          Array.isArray(values) ? listed(values) : show(values)
        }`,
      );
    }
    if (name === "weightDecay") decaying(optimizer);
    else checkMomentum(optimizer, values);
  }
}

/** Throws unless the optimizer has a momentum that can be each of the values. */
function checkMomentum(optimizer: Optimizer, values: readonly number[]): void {
  getMomentum(optimizer);
  if (!("beta1" in optimizer) || !values.includes(0)) return;
  throw new RangeError(
    `Cannot ${ACTION} as momentum, Adam's and Adamax's beta1, must be > 0: current value is ${
      listed(values)
    }`,
  );
}

/** Values that an error shows: the first of many. */
const LISTED = 10;

function listed(values: readonly unknown[]): string {
  const more = values.length > LISTED ? `, … (${values.length} values)` : "";
  return `[${values.slice(0, LISTED).join(", ")}${more}]`;
}

/** The hyperparameters that a grid or a point has. */
export function namesIn(
  holder: HyperparameterGrid | Hyperparameters,
): HyperparameterName[] {
  return NAMES.filter((name) => holder[name] !== undefined);
}

/** Every combination of a grid's values, each when it is asked for. */
export function pointsOf(grid: HyperparameterGrid): Iterable<Hyperparameters> {
  return namesIn(grid).reduce<Iterable<Hyperparameters>>(
    (points, name) => withEach(points, { name, values: grid[name]! }),
    [{}],
  );
}

function* withEach(
  points: Iterable<Hyperparameters>,
  { name, values }: {
    readonly name: HyperparameterName;
    readonly values: readonly number[];
  },
): Iterable<Hyperparameters> {
  for (const point of points) {
    for (const value of values) yield { ...point, [name]: value };
  }
}

/** Gives an optimizer the hyperparameters of a point. */
export function setHyperparameters(
  optimizer: Optimizer,
  { weightDecay, momentum }: Hyperparameters,
): void {
  if (weightDecay !== undefined) decaying(optimizer).weightDecay = weightDecay;
  if (momentum !== undefined) setMomentum(optimizer, momentum);
}
