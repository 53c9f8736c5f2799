/** The first of some values in a sentence, and how many more there are. */
export function list(values: readonly (string | number)[], most = 3): string {
  const shown = values.slice(0, most).join(", ");
  return values.length > most
    ? `${shown} and ${values.length - most} more`
    : shown;
}
