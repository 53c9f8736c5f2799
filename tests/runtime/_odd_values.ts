/** Values of every kind, to be given where another kind must be. */

// deno-lint-ignore no-explicit-any -- whatever is given in the place of another
export type Anything = any;

/** Of every kind that JavaScript has. */
export const ODD: readonly unknown[] = [
  ...[NaN, Infinity, -1, 0.5, 10n, "0.1", "", true, null, Symbol("x")],
  ...[
    [],
    [1, "x", null],
    {},
    { xs: 1, ys: 1 },
    new Map(),
    new Date(NaN),
    () => 1,
    Promise.resolve(1),
    Object.create(null),
  ],
];

/** A call with a value in the place of one of its arguments or options. */
export type Call = readonly [name: string, call: (value: Anything) => unknown];

/** A call for each of the options, which takes the place of a right one. */
export function each(
  names: string,
  call: (options: Anything) => unknown,
  rest: object = {},
): Call[] {
  return names.split(" ").map((name) => [
    name,
    (value) => call({ ...rest, [name]: value }),
  ]);
}

/** Whether an error is worded as those of this package; JavaScript's are not. */
function isWorded(error: unknown): boolean {
  const { message } = error as Error;
  return /^Cannot .+ as /s.test(message) &&
      !/^Cannot (read prop|convert|mix|destructure|use ')/.test(message) ||
    (error as Error).name === "UsageError";
}

function shown(value: unknown): string {
  const name = Object.prototype.toString.call(value);
  return name === "[object Object]" ? JSON.stringify(value) : String(value);
}

/** What goes wrong in another way than by an error of this package. */
export async function rawErrors(calls: readonly Call[]): Promise<string[]> {
  const raw: string[] = [];
  for (const [name, call] of calls) {
    for (const value of ODD) {
      try {
        await call(value);
      } catch (error) {
        if (isWorded(error)) continue;
        raw.push(`${name} ${shown(value)}: ${(error as Error).message}`);
      }
    }
  }
  return raw;
}

/** Which values that `isRight` says nothing for are taken all the same. */
export async function takenInSilence(
  calls: readonly Call[],
  isRight: (value: unknown) => boolean,
): Promise<string[]> {
  const taken: string[] = [];
  for (const [name, call] of calls) {
    for (const value of ODD) {
      if (isRight(value)) continue;
      try {
        await call(value);
        taken.push(`${name} takes ${shown(value)}`);
      } catch (error) {
        if (!isWorded(error)) {
          taken.push(`${name} ${shown(value)}: ${(error as Error).message}`);
        }
      }
    }
  }
  return taken;
}
