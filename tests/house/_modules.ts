/** The modules that an entry point of the package loads. */

import { outputOfDeno } from "../_run.ts";

interface Dependency {
  readonly isDynamic?: boolean;
  readonly code?: { readonly specifier?: string };
}

/** A module of the graph. */
export interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly Dependency[];
}

interface Graph {
  readonly roots: readonly string[];
  readonly redirects: Readonly<Record<string, string>>;
  readonly modules: readonly Module[];
}

/** Options of {@linkcode readModules}. */
export interface ReadModulesOptions {
  /** Whether to follow `import()` too, which loads when it is reached. */
  readonly later: boolean;
}

/** What the entry point loads; types are left out. */
export async function readModules(
  entry: string,
  { later }: ReadModulesOptions,
): Promise<Module[]> {
  const graph: Graph = JSON.parse(
    await outputOfDeno(["info", "--json", entry], {
      cwd: new URL("../../", import.meta.url),
    }),
  );
  const byName = new Map(graph.modules.map((one) => [one.specifier, one]));
  const found = new Map<string, Module>();
  const queue = [...graph.roots];
  for (let name; (name = queue.pop()) !== undefined;) {
    name = graph.redirects[name] ?? name;
    if (found.has(name)) continue;
    const module = byName.get(name) ?? { specifier: name };
    found.set(name, module);
    for (const { isDynamic, code } of module.dependencies ?? []) {
      if (code?.specifier && (later || !isDynamic)) queue.push(code.specifier);
    }
  }
  return [...found.values()];
}
