/** Reads what a layer's `getConfig()` returns, which tfjs types as unknown. */

type Config = Readonly<Record<string, unknown>>;

function refuse(config: Config, name: string, required: string): TypeError {
  const given = JSON.stringify(config[name]);
  return new TypeError(
    `Cannot export the model as ${name} of the layer "${config.name}" must be ${required}: current value is ${given}`,
  );
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) &&
    value.every((item) => typeof item === "number");
}

/** A number of a layer's configuration. */
export function numberOf(config: Config, name: string): number {
  const value = config[name];
  if (typeof value === "number") return value;
  throw refuse(config, name, "a number");
}

/** A list of numbers, such as the strides of a convolution. */
export function numbersOf(config: Config, name: string): number[] {
  const value = config[name];
  if (isNumbers(value)) return value;
  throw refuse(config, name, "numbers");
}

/** Lists of numbers, such as what is cropped before and after each dimension. */
export function listsOf(config: Config, name: string): number[][] {
  const value = config[name];
  if (Array.isArray(value) && value.every(isNumbers)) return value;
  throw refuse(config, name, "lists of numbers");
}

/** The axis or axes of a layer, counted from the first dimension. */
export function axesOf(config: Config, rank: number): number[] {
  const axes = [config.axis].flat();
  if (!isNumbers(axes)) throw refuse(config, "axis", "a number or numbers");
  return axes.map((axis) => axis < 0 ? axis + rank : axis);
}
