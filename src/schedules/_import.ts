/** Reading the numbers of other frameworks' schedules. */

/** Values by name, as other frameworks save them. */
export type State = Record<string, unknown>;

/** The number called `name`, or an error that says what it is instead. */
export function numberOf(state: State, name: string, from: string): number {
  const value = Object.hasOwn(state, name) ? state[name] : undefined;
  if (typeof value === "number") return value;
  throw new TypeError(
    `Cannot import a schedule as ${from}.${name} must be a number: current value is ${
      JSON.stringify(value)
    }`,
  );
}
