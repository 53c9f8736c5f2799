/**
 * A path as a shell takes it for one word, for a line to copy: as it is where it
 * has none but usual characters, else in quotes.
 */
export function quote(path: string, os = Deno.build.os): string {
  // What begins with a dash would be an option.
  const named = path.startsWith("-") ? `./${path}` : path;
  if (os === "windows") {
    return /^[\p{L}\p{N}_.:\\/+=-]+$/u.test(named) ? named : `"${named}"`;
  }
  return /^[\p{L}\p{N}_.:@%/+=,-]+$/u.test(named)
    ? named
    : `'${named.replaceAll("'", "'\\''")}'`;
}
