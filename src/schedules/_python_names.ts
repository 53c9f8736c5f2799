/** What the Python of exported schedules imports and defines, by what it uses. */

const MATH_NAMES = ["expm1", "floor", "inf", "log1p", "pi", "sin"];

const PLAIN_DEFINITIONS: Record<string, string> = {
  epsilon: "epsilon = 2.0 ** -52",
  minimum: "minimum = min",
  maximum: "maximum = max",
  where: `def where(condition, yes, no):
    return yes if condition else no`,
};

const SNAPPED = `def snapped(x):
    whole = floor(x + 0.5)
    return where(abs(x - whole) <= minimum(4 * epsilon * x, 0.125), whole, x)`;

function usesIn(source: string): (name: string) => boolean {
  return (name) => new RegExp(`\\b${name}\\b`).test(source);
}

/** The import from Python's `math` of what `source` uses. */
export function mathImport(source: string): string[] {
  const names = MATH_NAMES.filter(usesIn(source));
  return names.length > 0 ? [`from math import ${names.join(", ")}`] : [];
}

/** What else `source` uses, defined for plain Python numbers. */
export function plainDefinitions(source: string): string[] {
  const used = Object.keys(PLAIN_DEFINITIONS).filter(usesIn(source))
    .map((name) => PLAIN_DEFINITIONS[name]);
  const aliases = used.filter((text) => !text.includes("\n"));
  return [
    ...(aliases.length > 0 ? [aliases.join("\n")] : []),
    ...used.filter((text) => text.includes("\n")),
  ];
}

/** The import from JAX of what `source` uses. */
export function jaxImport(source: string): string[] {
  const uses = usesIn(source);
  const names = [...MATH_NAMES, "maximum", "minimum", "where"].filter(uses);
  // Of whatever numbers JAX computes in: float32 unless told otherwise.
  const precision = uses("epsilon")
    ? ["epsilon = finfo(result_type(float)).eps"]
    : [];
  if (precision.length > 0) names.push("finfo", "result_type");
  return [
    ...(names.length > 0
      ? [`from jax.numpy import ${names.sort().join(", ")}`]
      : []),
    ...precision,
  ];
}

/** The definition of `snapped`, where `source` uses it. */
export function snappedDefinition(source: string): string[] {
  return usesIn(source)("snapped") ? [SNAPPED] : [];
}
